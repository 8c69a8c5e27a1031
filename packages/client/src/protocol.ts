// Made by `cargo xtask types` from the server's schemas; not to be edited.

import type { Json, Numeric } from "./json.js";

/** The version of the protocol that is spoken. */
export const VERSION = 1;

/** An account as administrators see it. */
export type AccountCard = {
  /** How many circles it is in. */
  circles: number;
  /** Has a password: is neither a program nor a guest. */
  password?: boolean;
  /** How many sessions it has. */
  sessions: number;
  /** Administers the site. */
  site_admin?: boolean;
  /** Whether it has a connection now. */
  there?: boolean;
  /** When one of them was last used, to the hour. */
  used_at?: Timestamp;
  /** Who. */
  user: User;
};

/** An act that the audit log keeps. */
export type Act = 
  | {
    act: "circle_created";
  }
  | {
    act: "circle_changed";
    name: CircleName;
    public: boolean;
  }
  | {
    act: "circle_removed";
  }
  | {
    act: "icon_set";
    icon: Icon | null;
  }
  | {
    act: "owner_changed";
    owner: UserId;
  }
  | {
    act: "role_set";
    role: RoleId;
    to: Role;
  }
  | {
    act: "role_removed";
    role: RoleId;
  }
  | {
    act: "member_roles_set";
    roles: RoleId[];
    user: UserId;
  }
  | {
    act: "member_renamed";
    nickname: DisplayName | null;
    user: UserId;
  }
  | {
    act: "member_timed_out";
    reason: Line | null;
    until: Timestamp | null;
    user: UserId;
  }
  | {
    act: "member_removed";
    how: Leaving;
    reason: Line | null;
    user: UserId;
  }
  | {
    act: "unbanned";
    user: UserId;
  }
  | {
    act: "invite_created";
    expires_at: Timestamp | null;
    invite: InviteId;
    uses: number | null;
  }
  | {
    act: "invite_revoked";
    invite: InviteId;
  }
  | {
    act: "invite_used";
    invite: InviteId;
    user: UserId;
  }
  | {
    act: "stream_created";
    name: StreamName;
    stream: StreamId;
  }
  | {
    act: "stream_changed";
    stream: StreamId;
  }
  | {
    act: "stream_narrowed";
    deny: { [key: `r_${string}`]: Permissions };
    stream: StreamId;
  }
  | {
    act: "stream_removed";
    name: StreamName | null;
    stream: StreamId;
  }
  | {
    act: "message_deleted";
    author: UserId;
    message: Seq;
    stream: StreamId;
  }
  | {
    act: "topic_created";
    name: TopicName;
    topic: TopicId;
  }
  | {
    act: "topic_changed";
    topic: TopicId;
  }
  | {
    act: "topic_narrowed";
    deny: { [key: `r_${string}`]: Permissions };
    topic: TopicId;
  }
  | {
    act: "topic_removed";
    name: TopicName;
    topic: TopicId;
  }
  | {
    act: "streams_arranged";
  };

/** A place between the elements of a list, or of an array in JSON. */
export type Anchor = {
  at: number;
} | {
  before: ElementId;
} | {
  after: ElementId;
} | {
  path: Path;
};

/** An answer. */
export type Answer = 
  | {
    pong: {
      now: Timestamp;
    };
  }
  | {
    window: Window;
  }
  | {
    circle: CircleWindow;
  }
  | {
    stream: StreamWindow;
  }
  | {
    messages: {
      messages: Message[];
      more: boolean;
    };
  }
  | {
    message: Message;
  }
  | {
    search: Found;
  }
  | {
    topic: TopicWindow;
  }
  | {
    topics: {
      more: boolean;
      topics: Topic[];
    };
  }
  | {
    topic_values: {
      more: boolean;
      topics: TopicWindow[];
    };
  }
  | {
    history: {
      events: Event[];
      more: boolean;
    };
  }
  | {
    undoable: {
      redo: number;
      undo: number;
    };
  }
  | {
    unread: StreamUnread;
  }
  | {
    users: User[];
  }
  | {
    user: User;
  }
  | {
    members: {
      members: Member[];
      more: boolean;
    };
  }
  | {
    bans: {
      bans: Banned[];
      more: boolean;
    };
  }
  | {
    present: Present[];
  }
  | {
    came: UserId[];
  }
  | {
    services: {
      more: boolean;
      services: Card[];
    };
  }
  | {
    calls: {
      calls: OpenCall[];
      more: boolean;
    };
  }
  | {
    traffic: Traffic[];
  }
  | {
    edits: Edit[];
  }
  | {
    inbox: Inbox;
  }
  | {
    threads: {
      more: boolean;
      threads: ThreadCard[];
    };
  }
  | {
    preferences: { [key: string]: Json };
  }
  | {
    site: Site;
  }
  | {
    accounts: {
      accounts: AccountCard[];
      more: boolean;
    };
  }
  | {
    all_circles: {
      circles: SizedCircle[];
      more: boolean;
    };
  }
  | {
    health: Health;
  }
  | {
    circles: {
      circles: CircleCard[];
      more: boolean;
    };
  }
  | {
    invites: Invite[];
  }
  | {
    invite_target: CircleCard;
  }
  | {
    sessions: SessionCard[];
  }
  | {
    blocks: UserId[];
  };

/** Streams that are shown together, in their order. */
export type Arranged = {
  /** The name of the section; none for those that stand before all sections. */
  section?: SectionName;
  /** Its streams. */
  streams: StreamId[];
};

/** A change of one topic. */
export type Asked = {
  /** How. */
  change: Change;
  /** Which topic. */
  topic: TopicId;
};

/** A file as a message shows it: everything that is needed before the content is asked for. */
export type Attachment = {
  /** How many bytes it has. */
  bytes: number;
  /** Of an image: its colour on the whole, to show until it is there. */
  color?: Color;
  /** The BLAKE3 hash of its content. */
  hash: BlobHash;
  /** Of an image: its height in pixels, upright. */
  height?: number;
  /** The file. */
  id: FileId;
  /** What it is called. */
  name: FileName;
  /** Whether there is a small image of it. */
  thumbnail?: boolean;
  /** What it is, as the server found by looking into it. */
  type: MediaType;
  /** Of an image: its width in pixels, upright. */
  width?: number;
};

/** The proof of who one is. */
export type Auth = {
  token: string;
} | {
  cookie: Record<string, never>;
} | {
  password: {
    /**
     * What this device was called when the user last signed in on it; guesses of others do not
     * slow it down then.
     */
    device?: string;
    /** The user's unique name. */
    name: string;
    /** The password. */
    password: string;
  };
};

/**
 * What a session shows of itself in a feed: a JSON object of at most `AwareState::BYTES_MAX` bytes,
 * nested at most `AwareState::DEPTH_MAX` deep.
 */
export type AwareState = { [key: string]: Json };

/** A user who may not join a circle again. */
export type Banned = {
  /** When. */
  at: Timestamp;
  /** Who banned them. */
  by: UserId;
  /** Why. */
  reason?: Line;
  /** Who, for they are no member whose name could be asked for. */
  user: User;
};

export type BlobHash = string;

/** What happened. */
export type Body = 
  /** The stream was made. */
  | {
    /** What it is about. */
    about?: Line;
    /** What roles are denied in it. */
    deny?: { [key: `r_${string}`]: Permissions };
    /** Whose it is. */
    home: Home;
    kind: "stream_created";
    /** Its name. */
    name?: StreamName;
  }
  /** The stream was changed: it is now as told. */
  | {
    /** What it is about. */
    about?: Line;
    /** Takes no more messages. */
    archived: boolean;
    kind: "stream_changed";
    /** Its name. */
    name?: StreamName;
    /** Seconds between two messages of one member. */
    slow_seconds: number;
  }
  /** What roles are denied was changed: it is now as told. */
  | {
    /** What roles are denied in it. */
    deny: { [key: `r_${string}`]: Permissions };
    kind: "stream_narrowed";
  }
  /** The stream has another place among those of its circle. */
  | {
    kind: "stream_arranged";
    /** Its place among the streams of the circle, from 1 on. */
    position: number;
    /** The section that it is shown in. */
    section?: SectionName;
  }
  /** The stream was removed, alone or with its circle: nothing follows in its feed. */
  | {
    kind: "stream_removed";
  }
  /** Users were added to a group. */
  | {
    kind: "group_added";
    /** Who. */
    users: UserId[];
  }
  /** A user left a group. */
  | {
    kind: "group_left";
    /** Who. */
    user: UserId;
  }
  /** A message was posted; the event's number is the message's name. */
  | {
    /** The files that go with it. */
    files?: Attachment[];
    kind: "posted";
    /** Who is meant. */
    mentions?: Mentions;
    /** The message it answers. */
    reply_to?: Seq;
    /** What it says; empty only where it has files. */
    text: string;
    /** The message whose thread it is in. */
    thread?: Seq;
    /** The topic that is shown live in it, to those who may read it. */
    topic?: TopicId;
  }
  /** A message was edited. */
  | {
    kind: "edited";
    /** Who is meant now. */
    mentions?: Mentions;
    /** Which. */
    message: Seq;
    /** What it says now; empty only where it has files. */
    text: string;
  }
  /** A message was deleted. */
  | {
    kind: "deleted";
    /** Which. */
    message: Seq;
    /** The thread it was in. */
    thread?: Seq;
  }
  /** A reaction was added. */
  | {
    /** Which. */
    emoji: Emoji;
    kind: "reacted";
    /** To which message. */
    message: Seq;
  }
  /** A reaction was taken back. */
  | {
    /** Which. */
    emoji: Emoji;
    kind: "unreacted";
    /** From which message. */
    message: Seq;
  }
  /** A message was pinned. */
  | {
    kind: "pinned";
    /** Which. */
    message: Seq;
  }
  /** A message is no longer pinned. */
  | {
    kind: "unpinned";
    /** Which. */
    message: Seq;
  }
  /** The topic was made. */
  | {
    /** Whose it is. */
    circle: CircleId;
    /** What roles are denied in it. */
    deny?: { [key: `r_${string}`]: Permissions };
    /** The kind of its value. */
    holds: Kind;
    kind: "topic_created";
    /** Its name. */
    name: TopicName;
    /** How it behaves. */
    rules?: Rules;
    /** Its first value, as a snapshot writes it. */
    value: Json;
  }
  /** The topic behaves otherwise: it is now as told. */
  | {
    kind: "topic_changed";
    /** Its name. */
    name: TopicName;
    /** How it behaves. */
    rules?: Rules;
  }
  /** What roles are denied was changed: it is now as told. */
  | {
    /** What roles are denied in it. */
    deny: { [key: `r_${string}`]: Permissions };
    kind: "topic_narrowed";
  }
  /** The topic was removed: nothing follows in its feed. */
  | {
    kind: "topic_removed";
  }
  /** The value changed. */
  | {
    /** How. */
    fact: Fact;
    kind: "changed";
  }
  /** The circle was made, with its roles and its owner as member. */
  | {
    /** The role of every member. */
    everyone: RoleId;
    kind: "circle_created";
    /** Its name. */
    name: CircleName;
    /** Anyone may join. */
    public: boolean;
    /** Its first roles. */
    roles: { [key: `r_${string}`]: Role };
  }
  /** The circle was changed: it is now as told. */
  | {
    /** What it is about. */
    about?: Line;
    /** The image that it is shown with. */
    icon?: Icon;
    /** After so many seconds without an action members are shown as idle in it; 0 for never. */
    idle_seconds?: number;
    kind: "circle_changed";
    /** Its name. */
    name: CircleName;
    /** Anyone may join. */
    public: boolean;
  }
  /** The circle was removed: nothing follows in its feed. That of the site keeps that it was. */
  | {
    /** Which. */
    circle: CircleId;
    kind: "circle_removed";
    /** What it was called. */
    name: CircleName;
  }
  /** The circle has a new owner. */
  | {
    kind: "owner_changed";
    /** Who. */
    owner: UserId;
  }
  /** A role was made or changed: it is now as told. */
  | {
    kind: "role_set";
    /** Which. */
    role: RoleId;
    /** How it is. */
    to: Role;
  }
  /** A role was removed. */
  | {
    kind: "role_removed";
    /** Which. */
    role: RoleId;
  }
  /** A user joined. */
  | {
    kind: "member_joined";
    /** Who. */
    user: UserId;
  }
  /** A member was changed: it is now as told. */
  | {
    kind: "member_changed";
    /** Who, and how. */
    member: Member;
  }
  /** A member left, or was made to. */
  | {
    /** Left, kicked or banned. */
    how: Leaving;
    kind: "member_left";
    /** Who. */
    user: UserId;
  }
  /**
   * Streams or topics of the circle were made, changed, narrowed, arranged or removed: what there
   * is for oneself is to be asked for anew. It says neither which nor by whom, for not everyone
   * may know of all of them.
   */
  | {
    kind: "feeds_changed";
    /** Of which kind. */
    of: FeedKind;
  }
  /** The user joined a circle. */
  | {
    /** Which. */
    circle: CircleId;
    kind: "circle_joined";
  }
  /** The user is in a circle no longer. */
  | {
    /** Which. */
    circle: CircleId;
    /** Left, kicked or banned, or the circle was removed. */
    how: Leaving;
    kind: "circle_left";
  }
  /** A direct stream or group has the user in it. */
  | {
    kind: "conversation_opened";
    /** Which. */
    stream: StreamId;
  }
  /** The user is in a group no longer. */
  | {
    kind: "conversation_left";
    /** Which. */
    stream: StreamId;
  }
  /** The user has read up to a message; marking as unread moves it back. */
  | {
    kind: "read_to";
    /** Up to this message. */
    seq: Seq;
    /** In which stream. */
    stream: StreamId;
    /** In which of its threads; `None` for the stream itself. */
    thread?: Seq;
  }
  /** The user blocks another. */
  | {
    kind: "blocked";
    /** Whom. */
    user: UserId;
  }
  /** The user blocks another no longer. */
  | {
    kind: "unblocked";
    /** Whom. */
    user: UserId;
  }
  /** The user set a preference, or forgot it. */
  | {
    /** Which. */
    key: PreferenceKey;
    kind: "preference_set";
    /** How it is; `null` for one that was forgotten. */
    value: Json;
  }
  /** An account was made. */
  | {
    /** The human whose program it is. */
    bot_of?: UserId;
    /** Shown as. */
    display_name: DisplayName;
    kind: "user_registered";
    /** Under which name. */
    name: UserName;
    /** Who. */
    user: UserId;
  }
  /** An account was changed: it is now as told. */
  | {
    /** The image that it is shown with. */
    avatar?: Icon;
    /** Cannot sign in. */
    disabled: boolean;
    /** Shown as. */
    display_name: DisplayName;
    kind: "user_changed";
    /** Who. */
    user: UserId;
  }
  /** A user administers the site, or no longer. */
  | {
    /** Whether they do. */
    admin: boolean;
    kind: "admin_set";
    /** Who. */
    user: UserId;
  }
  /** An administrator ended all sessions of a user. */
  | {
    kind: "sessions_ended";
    /** Whose. */
    user: UserId;
  }
  /** An administrator made a link by which a user sets a new password. */
  | {
    kind: "password_reset_offered";
    /** Whose. */
    user: UserId;
  }
  /** A new password was set by such a link. */
  | {
    kind: "password_reset";
    /** Whose. */
    user: UserId;
  }
  /** Who may make an account was changed. */
  | {
    kind: "site_changed";
    /** Who may; absent for what the configuration says. */
    registration?: Registration;
  }
  /** Somebody used a power over others. */
  | {
    /** What was done. */
    act: Act;
    kind: "acted";
  };

/** What is called. */
export type Call = {
  /** With what; at most 64 KiB. */
  args?: Json;
  /** In which circle; absent for a personal service, and for what the server offers without one. */
  circle?: CircleId;
  /** For a stream: how many items the caller takes before it says more. */
  credit?: number;
  /** How long it may take, waiting included: 30 s if absent, at most an hour. */
  deadline_ms?: number;
  /** What `sticky` goes by; the user if absent. */
  key?: CallKey;
  /** Which service. */
  name: ServiceName;
  /** Whether the caller wants to be told how far it is. */
  progress?: boolean;
  /** The provider, where no other will do; of a personal service the user whose it is. */
  provider?: Provider;
  /** The stream that a slash command is called from within. */
  stream?: StreamId;
};

export type CallKey = string;

/** A call as its provider is told of it. Who calls is said by the server, never by the caller. */
export type Called = {
  /** With what. */
  args: Json;
  /** Its number on this connection. */
  call: number;
  /** In which circle; absent for a personal service. */
  circle?: CircleId;
  /** How many items the caller takes; absent where it wants a result alone. */
  credit?: number;
  /** How many milliseconds are left for it. */
  deadline_ms: number;
  /**
   * The server asks it as the guard of topics: `args` is a proposal, in the words of the server. Who
   * calls is who proposed it.
   */
  guard?: boolean;
  /** What the caller's calls have in common. */
  key?: CallKey;
  /** Which service. */
  name: ServiceName;
  /** Whether the caller wants to be told how far it is. */
  progress?: boolean;
  /** Under which session. */
  session: SessionId;
  /** The stream that a slash command is called from within; the caller may write there. */
  stream?: StreamId;
  /** Who calls. */
  user: UserId;
};

/** A service as those see it who may call it. */
export type Card = {
  /** What it does. */
  about?: Line;
  /** Of which circle. */
  circle: CircleId;
  /** What it wants to be told, for a person who writes a slash command. */
  hint?: Line;
  /** Its name. */
  name: ServiceName;
  /** Which provider gets a call. */
  policy: Policy;
  /** How many offer it; 0 when it is offered no longer. */
  providers: number;
};

/** A change of a topic that somebody asks for. Which there are depends on the topic's kind. */
export type Change = 
  /** Replace the whole value. For every kind but `event`. */
  | {
    set: {
      /** By this; of a list without the names of elements. */
      value: Json;
    };
  }
  /** Add to a number. For `int` and `float`. */
  | {
    add: {
      /** How much; below 0 to subtract. */
      by: Numeric;
    };
  }
  /** Put an item into a set that has it not yet. */
  | {
    append: {
      /** Which. */
      item: Json;
    };
  }
  /** Put a value into a list, at the end unless told otherwise; or into an array in JSON. */
  | {
    insert: {
      /** The name it shall have; the server chooses one if absent. It may not begin with `~`. */
      element?: ElementId;
      /** Where. */
      to?: Anchor;
      /** Which. */
      value: Json;
    };
  }
  /** Take something out: an item of a set, an element of a list, an entry of a map or of JSON. */
  | {
    remove: Spot;
  }
  /** Put an element of a list elsewhere in it. */
  | {
    move: {
      /** Which. */
      from: Spot;
      /** Where it shall be, counted without it. */
      to: Anchor;
    };
  }
  /** Put another value in the place of an element of a list. */
  | {
    replace: {
      /** Which. */
      spot: Spot;
      /** The new value. */
      value: Json;
    };
  }
  /** Set an entry of a map or of JSON. In an array the place after the last is there to be put to. */
  | {
    put: {
      /** Which. */
      path: Path;
      /** The value. */
      value: Json;
    };
  }
  /** Give an entry of a map, or of an object in JSON, another key that is not taken. */
  | {
    rename: {
      /** Its new key. */
      key: string;
      /** Which. */
      path: Path;
    };
  }
  /** Replace a part of a `string`, or of the shared text named `text` of a `text`. */
  | {
    splice: {
      /**
       * The event after which the place was counted: what happened since is reckoned in. The
       * present value if absent.
       */
      after?: Seq;
      /** Where, in UTF-16 code units from the beginning. */
      at: number;
      /** How many UTF-16 code units are taken out. */
      delete?: number;
      /** What is put in there. */
      insert?: string;
    };
  }
  /**
   * Bring what somebody did to the Yjs document of a `text` or a `json` into it. Never refused for
   * being late.
   */
  | {
    update: {
      /** Updates, in the order in which they were made. */
      updates: Update[];
    };
  }
  /** Tell those who follow an `event`. */
  | {
    emit: {
      /** What. */
      args?: { [key: string]: Json };
    };
  };

/** A community. */
export type Circle = {
  /** What it is about. */
  about?: Line;
  /** When it was made. */
  created_at: Timestamp;
  /** The role that every member has. */
  everyone: RoleId;
  /** The image that it is shown with. */
  icon?: Icon;
  /** The circle. */
  id: CircleId;
  /**
   * After so many seconds without an action a member who is there is shown as idle in it; 0 for
   * never.
   */
  idle_seconds?: number;
  /** How many members it has. */
  members: number;
  /** Its name. */
  name: CircleName;
  /** Has every permission, and cannot be removed. */
  owner: UserId;
  /** Anyone may find and join it. */
  public: boolean;
  /** Its roles. The first that every member has is `Circle::everyone`. */
  roles: { [key: `r_${string}`]: Role };
};

/** A circle as those see it who are not in it yet. */
export type CircleCard = {
  /** What it is about. */
  about?: string;
  /** The image that it is shown with. */
  icon?: Icon;
  /** The circle. */
  id: CircleId;
  /** How many members it has. */
  members: number;
  /** Its name. */
  name: string;
};

export type CircleId = `c_${string}`;

export type CircleName = string;

/** A circle in the window. */
export type CircleWindow = {
  /** The circle. */
  circle: Circle;
  /** The circle's last event: what is not in this window yet is told after it. */
  head: Seq;
  /** The user's own membership. */
  member: Member;
  /** Its streams. */
  streams: StreamWindow[];
};

export type Color = string;

/** A change that a user asks for. */
export type Command = 
  /** Change how one is shown. */
  | {
    change_user: {
      /** Shown as. */
      display_name: DisplayName;
    };
  }
  /** Set the image that one is shown with, or take it away. */
  | {
    set_avatar: {
      /** One's own file, an image of which the server made a square; `None` for no image. */
      file?: FileId;
    };
  }
  /** Block a user. */
  | {
    block: {
      /** Whom. */
      user: UserId;
    };
  }
  /** Block a user no longer. */
  | {
    unblock: {
      /** Whom. */
      user: UserId;
    };
  }
  /** End one of one's own sessions. */
  | {
    revoke_session: {
      /** Which. */
      session: SessionId;
    };
  }
  /** Own the site, which nobody owns yet: administer it. */
  | {
    claim_site: {
      /** The secret that the server printed when it started. */
      token: string;
    };
  }
  /** As an administrator of the site: lock an account and end its sessions, or unlock it. */
  | {
    set_disabled: {
      /** Whether it is locked. */
      disabled: boolean;
      /** Whose. */
      user: UserId;
    };
  }
  /** As an administrator of the site: let another administer it, or no longer. */
  | {
    set_admin: {
      /** Whether they do. */
      admin: boolean;
      /** Whom. */
      user: UserId;
    };
  }
  /** As an administrator of the site: end all sessions of a user. */
  | {
    end_sessions: {
      /** Whose. */
      user: UserId;
    };
  }
  /**
   * As an administrator of the site: make a link by which a user sets a new password, once and for a
   * day. The outcome holds its token, this once.
   */
  | {
    offer_reset: {
      /** Whose. */
      user: UserId;
    };
  }
  /** As an administrator of the site: set who may make an account. */
  | {
    change_site: {
      /** Who may; absent for what the configuration says. */
      registration?: Registration;
    };
  }
  /** Make a circle with a first stream, and own it. */
  | {
    create_circle: {
      /** Its name. */
      name: CircleName;
      /** Anyone may find and join it. */
      public?: boolean;
    };
  }
  /** Change a circle. */
  | {
    change_circle: {
      /** What it is about. */
      about?: Line;
      /** Which. */
      circle: CircleId;
      /**
       * After how many seconds without an action members are shown as idle in it: 60 to 86400, or 0
       * for never. As it is, if absent.
       */
      idle_seconds?: number;
      /** Its name. */
      name: CircleName;
      /** Anyone may find and join it. */
      public: boolean;
    };
  }
  /** Set the image that a circle is shown with, or take it away. */
  | {
    set_icon: {
      /** Which. */
      circle: CircleId;
      /** One's own file, an image of which the server made a square; `None` for no image. */
      file?: FileId;
    };
  }
  /** Hand a circle over to another member. */
  | {
    change_owner: {
      /** Which. */
      circle: CircleId;
      /** To whom. */
      owner: UserId;
    };
  }
  /** Remove a circle and all that is in it: as its owner, or as an administrator of the site. */
  | {
    remove_circle: {
      /** Which. */
      circle: CircleId;
    };
  }
  /** Join a public circle. */
  | {
    join: {
      /** Which. */
      circle: CircleId;
    };
  }
  /** Join the circle of an invite. */
  | {
    accept_invite: {
      /** The secret of the invite. */
      code: string;
    };
  }
  /** Leave a circle. */
  | {
    leave: {
      /** Which. */
      circle: CircleId;
    };
  }
  /** Make a role. */
  | {
    create_role: {
      /** What it allows. */
      allow: Permissions;
      /** In which circle. */
      circle: CircleId;
      /** Its name. */
      name: RoleName;
      /** Its rank, below one's own. */
      rank: number;
    };
  }
  /** Change a role. */
  | {
    change_role: {
      /** What it allows. */
      allow: Permissions;
      /** In which circle. */
      circle: CircleId;
      /** Its name. */
      name: RoleName;
      /** Its rank, below one's own. */
      rank: number;
      /** Which. */
      role: RoleId;
    };
  }
  /** Remove a role. */
  | {
    remove_role: {
      /** In which circle. */
      circle: CircleId;
      /** Which. */
      role: RoleId;
    };
  }
  /** Give a member exactly these roles. */
  | {
    set_roles: {
      /** In which circle. */
      circle: CircleId;
      /** The roles beside everyone's. */
      roles: RoleId[];
      /** Whom. */
      user: UserId;
    };
  }
  /** Set what a member is called in a circle: oneself, or who is below. */
  | {
    set_nickname: {
      /** In which circle. */
      circle: CircleId;
      /** What, `None` for the display name. */
      nickname?: DisplayName;
      /** Whom. */
      user: UserId;
    };
  }
  /** Let a member only read for a time. */
  | {
    time_out: {
      /** In which circle. */
      circle: CircleId;
      /** Why. */
      reason?: Line;
      /** For how many seconds, at most 28 days; 0 ends it. */
      seconds: number;
      /** Whom. */
      user: UserId;
    };
  }
  /** Make a member leave. */
  | {
    kick: {
      /** From which circle. */
      circle: CircleId;
      /** Why. */
      reason?: Line;
      /** Whom. */
      user: UserId;
    };
  }
  /** Keep a user out of a circle for good. */
  | {
    ban: {
      /** From which circle. */
      circle: CircleId;
      /** Why. */
      reason?: Line;
      /** Whom. */
      user: UserId;
    };
  }
  /** Let a banned user come again. */
  | {
    unban: {
      /** To which circle. */
      circle: CircleId;
      /** Whom. */
      user: UserId;
    };
  }
  /** Make an invite; the outcome holds its code, this once. */
  | {
    create_invite: {
      /** To which circle. */
      circle: CircleId;
      /** For how many seconds; `None` for ever. */
      seconds?: number;
      /** For how many uses; `None` for any number. */
      uses?: number;
    };
  }
  /** Revoke an invite. */
  | {
    revoke_invite: {
      /** Of which circle. */
      circle: CircleId;
      /** Which. */
      invite: InviteId;
    };
  }
  /** Make a stream in a circle. */
  | {
    create_stream: {
      /** What it is about. */
      about?: Line;
      /** In which circle. */
      circle: CircleId;
      /** What roles are denied in it. */
      deny?: { [key: `r_${string}`]: Permissions };
      /** Its name. */
      name: StreamName;
    };
  }
  /** Change a stream of a circle, or a group's name. */
  | {
    change_stream: {
      /** What it is about. */
      about?: Line;
      /** Takes no more messages. */
      archived?: boolean;
      /** Its name. */
      name: StreamName;
      /** Seconds between two messages of one member, at most 6 hours. */
      slow_seconds?: number;
      /** Which. */
      stream: StreamId;
    };
  }
  /** Set what roles are denied in a stream. */
  | {
    narrow_stream: {
      /** What roles are denied in it. */
      deny: { [key: `r_${string}`]: Permissions };
      /** Which. */
      stream: StreamId;
    };
  }
  /** Remove a stream of a circle and all that is in it. */
  | {
    remove_stream: {
      /** Which. */
      stream: StreamId;
    };
  }
  /**
   * Set in which sections and in which order the streams of a circle are shown. Those that are not
   * named keep their places.
   */
  | {
    arrange_streams: {
      /** In which circle. */
      circle: CircleId;
      /** The sections in their order, at most 100. */
      sections: Arranged[];
    };
  }
  /** Set, or with `null` forget, something that follows the user over devices. */
  | {
    set_preference: {
      /**
       * What: `notify:` and the id of a circle or stream, `favourites`, `circles`, `appearance`,
       * `language`, or `page:` and a name of the client's own.
       */
      key: PreferenceKey;
      /** How it shall be, at most 8 KiB. */
      value?: Json;
    };
  }
  /** Open the direct stream with a user. */
  | {
    open_direct: {
      /** With whom. */
      user: UserId;
    };
  }
  /** Make a group. */
  | {
    create_group: {
      /** Its name. */
      name?: StreamName;
      /** With whom, besides oneself. */
      users: UserId[];
    };
  }
  /** Add users to a group. */
  | {
    add_to_group: {
      /** Which. */
      stream: StreamId;
      /** Whom. */
      users: UserId[];
    };
  }
  /** Leave a group. */
  | {
    leave_group: {
      /** Which. */
      stream: StreamId;
    };
  }
  /** Post a message. */
  | {
    post: {
      /** One's own files that go with it, at most 10; needs the permission `attach`. */
      files?: FileId[];
      /** The message it answers. */
      reply_to?: Seq;
      /** Where. */
      stream: StreamId;
      /** What; none where the files say it all. */
      text?: string;
      /** The message in whose thread it goes. */
      thread?: Seq;
      /** A topic of the same circle that is shown live in it. */
      topic?: TopicId;
    };
  }
  /** Edit one's own message. */
  | {
    edit: {
      /** Which. */
      message: Seq;
      /** Where. */
      stream: StreamId;
      /** What it shall say; nothing only where it has files. */
      text: string;
    };
  }
  /** Delete one's own message, or another's with `manage_messages`. */
  | {
    delete: {
      /** Which. */
      message: Seq;
      /** Where. */
      stream: StreamId;
    };
  }
  /** React to a message. Reacting twice alike changes nothing. */
  | {
    react: {
      /** How. */
      emoji: Emoji;
      /** To which. */
      message: Seq;
      /** Where. */
      stream: StreamId;
    };
  }
  /** Take a reaction back. */
  | {
    unreact: {
      /** Which. */
      emoji: Emoji;
      /** From which. */
      message: Seq;
      /** Where. */
      stream: StreamId;
    };
  }
  /** Pin a message, or unpin it. */
  | {
    pin: {
      /** Which. */
      message: Seq;
      /** Whether it shall be pinned. */
      pinned: boolean;
      /** Where. */
      stream: StreamId;
    };
  }
  /** Make a topic in a circle. */
  | {
    create_topic: {
      /** In which circle. */
      circle: CircleId;
      /** What roles are denied in it. */
      deny?: { [key: `r_${string}`]: Permissions };
      /** The kind of its value. */
      holds: Kind;
      /** Its name, which no other topic of the circle has. */
      name: TopicName;
      /** Where there is one of this name and kind already, make that one so. */
      replace?: boolean;
      /** How it behaves. */
      rules?: Rules;
      /**
       * Its first value; that of a list without the names of elements, or with them:
       * `{"elements": [{"element": …, "value": …}]}`.
       */
      value?: Json;
    };
  }
  /** Change what a topic is called and how it behaves. */
  | {
    change_topic: {
      /** Its name. */
      name: TopicName;
      /** How it shall behave. */
      rules?: Rules;
      /** Which. */
      topic: TopicId;
    };
  }
  /** Set what roles are denied in a topic. */
  | {
    narrow_topic: {
      /** What, by role. */
      deny: { [key: `r_${string}`]: Permissions };
      /** Which. */
      topic: TopicId;
    };
  }
  /** Remove a topic and what it holds. */
  | {
    remove_topic: {
      /** Which. */
      topic: TopicId;
    };
  }
  /** Change the values of topics: all of it, or nothing. */
  | {
    change: {
      /** The changes, in order; at most 1000, all of topics of one circle. */
      changes: Asked[];
      /**
       * What makes it one step with the user's last one, when that has the same: all of a drag,
       * say.
       */
      group?: Label;
      /** What must hold before. */
      when?: Condition[];
    };
  }
  /** Take back one's last step in a circle. */
  | {
    undo: {
      /** In which circle. */
      circle: CircleId;
      /** Forget the step instead, because it cannot be taken back. */
      skip?: boolean;
    };
  }
  /** Do again what one took back last in a circle. */
  | {
    redo: {
      /** In which circle. */
      circle: CircleId;
      /** Forget the step instead, because it cannot be done again. */
      skip?: boolean;
    };
  }
  /** Set how far one has read, onward or back (to mark as unread). */
  | {
    read: {
      /** Up to which message. */
      seq: Seq;
      /** What. */
      stream: StreamId;
      /** Which of its threads. */
      thread?: Seq;
    };
  };

/** What must hold of a topic. */
export type Condition = {
  /** This is the number of its last event. */
  seq?: Seq;
  /** Which. */
  topic: TopicId;
  /** This is its value; that of a list without the names of elements. */
  value?: Json;
};

/** One of the events of a [run](Run). */
export type Did = {
  /** Who did it, where that is another user than of the one before. */
  by?: UserId;
  /** The operation it came of. */
  op?: OpId;
} & ({
  body: Body;
} | {
  fact: Fact;
});

export type DisplayName = string;

/** What a message said since a time. */
export type Edit = {
  /** Since when. */
  at: Timestamp;
  /** What. */
  text: MessageText;
};

export type ElementId = string;

export type Emoji = string;

/** One numbered event. Its JSON is what is stored, hashed and sent. */
export type Event = {
  /** When the server decided it. */
  at: Timestamp;
  /** What happened. */
  body: Body;
  /** Who did it; `None` for the site itself. */
  by?: UserId;
  /** The feed. */
  feed: FeedId;
  /** The operation it came of, so that the sender knows its own. */
  op?: OpId;
  /** Its number in the feed. */
  seq: Seq;
};

/** What happened to the value of a topic. Places are counted from 0 at the time of the event. */
export type Fact = 
  /** The whole value was replaced. Both are written as a snapshot writes them. */
  | {
    set: {
      /** The value now. */
      value: Json;
      /** The value before. */
      was: Json;
    };
  }
  /** A number was added to. */
  | {
    add: {
      /** How much. */
      by: Numeric;
      /** Of a float: the value before. */
      was?: Numeric;
    };
  }
  /** An item came into a set. */
  | {
    append: {
      /** Where among its items; absent for the end. */
      at?: number;
      /** Which. */
      item: Json;
    };
  }
  /** An item left a set. */
  | {
    exclude: {
      /** Where among its items it was. */
      at: number;
      /** Which. */
      item: Json;
    };
  }
  /** An element came into a list. */
  | {
    insert: {
      /** Where. */
      at: number;
      /** Its name. */
      element: ElementId;
      /** Its value. */
      value: Json;
    };
  }
  /** An element left a list. */
  | {
    remove: {
      /** Where it was. */
      at: number;
      /** Which. */
      element: ElementId;
      /** Its value. */
      was: Json;
    };
  }
  /** An element of a list went elsewhere. */
  | {
    move: {
      /** Which. */
      element: ElementId;
      /** Where it was. */
      from: number;
      /** Where it is. */
      to: number;
    };
  }
  /** An element of a list got another value. */
  | {
    replace: {
      /** Where it is. */
      at: number;
      /** Which. */
      element: ElementId;
      /** Its value now. */
      value: Json;
      /** Its value before. */
      was: Json;
    };
  }
  /** An entry of a map or of JSON was set. */
  | {
    put: {
      /** In an array: it came in between, and what was there and after moved on. */
      between?: boolean;
      /** Which. */
      path: Path;
      /** Its value now. */
      value: Json;
      /** Its value before; absent where there was none. */
      was?: Json;
    };
  }
  /** An entry of a map or of JSON was taken out; in an array what was after it moved up. */
  | {
    drop: {
      /** Which. */
      path: Path;
      /** Its value before. */
      was: Json;
    };
  }
  /** An entry got another key. */
  | {
    rename: {
      /** Its key now. */
      key: string;
      /** Which, by its key before. */
      path: Path;
    };
  }
  /** A part of a string was replaced. */
  | {
    splice: Splice;
  }
  /** Updates came into the Yjs document of a `text` or a `json`. */
  | {
    update: {
      /** Which, in the order in which they were made. */
      updates: Update[];
    };
  }
  /** Something happened. */
  | {
    emit: {
      /** What. */
      args: { [key: string]: Json };
    };
  };

/** Why a service did not do what it was called for, in the words of its provider. */
export type Failure = {
  /** Its code: what it means is between the provider and its callers. */
  code: FailureCode;
  /** What else there is to say. */
  data?: Json;
  /** A sentence for a person. */
  message: Line;
};

export type FailureCode = string;

export type FeedId = "site" | `u_${string}` | `c_${string}` | `s_${string}` | `t_${string}` | `audit:c_${string}`;

/** What a circle has several of. */
export type FeedKind = "streams" | "topics";

export type FileId = `f_${string}`;

export type FileName = string;

/** Messages that were found. */
export type Found = {
  /** Whether what was said lately may be missing, because it is not in the index yet. */
  behind?: boolean;
  /** In the order that was asked for. */
  hits: Hit[];
  /** What to ask with for more; absent when there are none. */
  next?: string;
};

/** What the server counts: read twice, that is what happened between. */
export type Health = {
  /** What was counted since the server started, by the names of the metrics. */
  counters: { [key: string]: number };
  /** What is so now, by the names of the metrics. */
  gauges: { [key: string]: number };
  /** The server's time. */
  now: Timestamp;
  /** Refusals by code. */
  refusals: { [key: string]: number };
  /** How long things took, by the names of the metrics. */
  times: { [key: string]: Times };
};

/** The first frame of a client: who it is. Nothing else is handled before. */
export type Hello = {
  /** The proof. */
  auth: Auth;
  /** What the session is called in the list of sessions, when the proof is a password. */
  label?: string;
  /** How the user is there; at hand if absent. Later `Signal::Presence` says it. */
  status?: Status;
  /** The newest version of the protocol that the client speaks. */
  v: number;
};

/**
 * How much is kept of what happened to a topic. What is older is forgotten a little later, step by
 * step, up to where the value was kept last: there may be more for a while, never less.
 */
export type History = "all" | {
  last: number;
} | "none";

/** A message that was found. */
export type Hit = {
  /** The message. */
  message: Message;
  /** Some of its text, with what was looked for marked. */
  snippet: Piece[];
  /** Its stream. */
  stream: StreamId;
};

/** Whose a stream is, and so who may be in it. */
export type Home = {
  /** The circle. */
  circle: CircleId;
  kind: "channel";
} | {
  kind: "direct";
  /** The two, in the order of their ids. */
  users: UserId[];
} | {
  /** Who made it. */
  by: UserId;
  kind: "group";
  /** Those in it now. */
  users: UserId[];
};

/** A small square image by which a user or a circle is known at a glance; the server made it of a file. */
export type Icon = {
  /** Its colour on the whole, to show until it is there. */
  color?: Color;
  /** The file. */
  file: FileId;
  /** The BLAKE3 hash of the square: another image has another. */
  hash: BlobHash;
};

/** A part of an inbox. */
export type Inbox = {
  /** Messages, newest first. */
  entries: InboxEntry[];
  /** Where to go on; absent when there is nothing more. */
  next?: InboxPlace;
};

/** A message that means or answers the user. */
export type InboxEntry = {
  /** It means the user: by name, by role or with everyone. */
  mention?: boolean;
  /** The message. */
  message: Message;
  /** It answers a message of the user's. */
  reply?: boolean;
  /** Where it is. */
  stream: StreamId;
  /** It is above the user's read marker. */
  unread?: boolean;
};

/** The place of a message in an inbox. */
export type InboxPlace = {
  /** When it was posted. */
  at: Timestamp;
  /** Which. */
  seq: Seq;
  /** Where. */
  stream: StreamId;
};

/** An invite, found by the hash of its code. */
export type Invite = {
  /** Who made it. */
  by: UserId;
  /** Where it leads. */
  circle: CircleId;
  /** When it was made. */
  created_at: Timestamp;
  /** When it ends. */
  expires_at?: Timestamp;
  /** How managers name it. */
  id: InviteId;
  /** How often it may still be used; `None` for any number of times. */
  uses_left?: number;
};

export type InviteId = `i_${string}`;

/** What a topic holds, chosen when it is made. */
export type Kind = "bool" | "int" | "float" | "string" | "text" | "set" | "list" | "map" | "json" | "event";

export type Label = string;

/** How a membership ended. */
export type Leaving = "left" | "kicked" | "banned" | "circle_removed";

/** The limits of this server, told in the welcome. */
export type Limits = {
  /** How many requests a client may make at once. */
  burst: number;
  /** The largest file that is taken, in bytes; absent where the server takes none. */
  file_bytes?: number;
  /** The largest message of a client, in bytes. */
  frame_bytes: number;
  /** How many a second in the long run. */
  per_second: number;
  /** How many bytes may wait for a client before it is told that it lags. */
  queue_bytes: number;
  /** How many feeds one frame may subscribe to. */
  subscribe_max: number;
  /** The longest text, in characters. */
  text_chars: number;
  /** The same in JSON of one that brings nothing but updates into texts. */
  update_bytes: number;
};

export type Line = string;

export type MediaType = string;

/** A user's place in a circle: data of that user particular to that circle. */
export type Member = {
  /** When they joined. */
  joined_at: Timestamp;
  /** What they are called in this circle. */
  nickname?: DisplayName;
  /** Roles beside the one that everyone has. */
  roles?: RoleId[];
  /** Until then the member may only read. */
  timed_out_until?: Timestamp;
  /** Who. */
  user: UserId;
};

/** Who is meant by a message. */
export type Mentions = {
  /** Everyone who can read the stream. */
  everyone?: boolean;
  /** Roles. */
  roles?: RoleId[];
  /** Users. */
  users?: UserId[];
};

/** A message as it stands after its edits and reactions. */
export type Message = {
  /** When it was posted. */
  at: Timestamp;
  /** Who wrote it. */
  author: UserId;
  /** When it was last edited. */
  edited_at?: Timestamp;
  /** The events that edited it, the newest `EDITS_MAX`, oldest first. */
  edits?: Seq[];
  /** The files that go with it. */
  files?: Attachment[];
  /** Who is meant by it. */
  mentions?: Mentions;
  /** Who reacted how. */
  reactions?: { [key: string]: UserId[] };
  /** How many messages its thread has. */
  replies?: number;
  /** The message it answers. */
  reply_to?: Seq;
  /** The number of the event that posted it: its name in the stream. */
  seq: Seq;
  /** What it says; empty only where it has files. */
  text: string;
  /** The message whose thread it is in; `None` in the stream itself. */
  thread?: Seq;
  /** The topic that is shown live in it, to those who may read it. */
  topic?: TopicId;
};

export type MessageText = string;

/** What is offered. */
export type Offer = {
  /** What the service does. */
  about?: Line;
  /** How many calls the provider takes at a time; 16 if absent, at most 1000. */
  at_once?: number;
  /** To which circle; absent for a personal service, which is offered to whoever one meets. */
  circle?: CircleId;
  /** What it wants to be told, for a person who writes a slash command. */
  hint?: Line;
  /** Under which name. */
  name: ServiceName;
  /** Which provider gets a call, the same for all providers of the name; `any` if absent. */
  policy?: Policy;
};

export type OpId = string;

/** A call of a service that has not ended. */
export type OpenCall = {
  /** How many milliseconds ago it was made. */
  age_ms: number;
  /** How many milliseconds are left for it. */
  left_ms: number;
  /** Which service. */
  name: ServiceName;
  /** Who has it; absent while it waits for a provider with room. */
  provider?: UserId;
  /** Who calls. */
  user: UserId;
};

/** In which order hits are told. */
export type Order = "rank" | "time";

/** The answer to a command that was done. */
export type Outcome = {
  /** The circle that was made or joined. */
  circle?: CircleId;
  /** The secret of the invite that was made. It is told once: a retry does not tell it again. */
  code?: string;
  /** The events that came of it, except those in feeds that the caller may not read. */
  events?: Place[];
  /** The file whose upload was begun. */
  file?: FileId;
  /** The invite that was made. */
  invite?: InviteId;
  /** The role that was made. */
  role?: RoleId;
  /** The session that was made. */
  session?: SessionId;
  /** The stream that was made or opened. */
  stream?: StreamId;
  /** The topic that was made. */
  topic?: TopicId;
  /** The user that was made. */
  user?: UserId;
};

/** The steps from the outermost value to one inside: `["todo", 3, "done"]`. In a map the first step is a key. */
export type Path = Step[];

export type Permissions = ("read" | "write" | "react" | "attach" | "mention_all" | "invite" | "manage_messages" | "manage_feeds" | "manage_members" | "manage_roles" | "manage_circle" | "view_audit" | "use_services" | "offer_services")[];

/** A part of a snippet. */
export type Piece = {
  /** Whether it is what was looked for. */
  hit?: boolean;
  /** Text as it stands in the message, with single spaces; `…` where something is left out. */
  text: string;
};

/** Where an event went. */
export type Place = {
  /** The feed. */
  feed: FeedId;
  /** The number in it. */
  seq: Seq;
};

/** Which provider of a service gets a call. */
export type Policy = "any" | "round_robin" | "sticky";

export type PreferenceKey = string;

/** A user who is there. */
export type Present = {
  /** Since when they have had a connection. */
  since: Timestamp;
  /** How. */
  status: Status;
  /** Who. */
  user: UserId;
};

/** A refusal or failure, the same on every surface. */
export type Problem = {
  /**
   * Of a transaction: which of its changes it is about, counted from 0; absent when it is about
   * the whole.
   */
  change?: number;
  /** Stable: programs decide by it. */
  code: string;
  /** With `service.failed` and `topic.refused`: what the provider of the service, or of the guard, said. */
  failure?: Failure;
  /** A sentence for a person; may change. */
  message: string;
  /** Milliseconds after which trying again can help; absent if it cannot. */
  retry_ms?: number;
  /**
   * Whether the operation may have been done all the same. Say it again with the same operation
   * id to learn its end.
   */
  unknown?: boolean;
};

/** The provider that a caller wants. */
export type Provider = {
  session: SessionId;
} | {
  user: UserId;
};

/** Anything a server sends. */
export type Push = 
  /** The answer to the hello. */
  | {
    welcome: Welcome;
  }
  /** The answer to a request that went well. */
  | {
    /** The answer to a request. */
    ok: {
      /** The request's. */
      id: number;
    } & ({
      done: Outcome;
    } | {
      got: Answer;
    } | {
      returned: Json;
    } | { noted: null });
  }
  /** The answer to a request that did not. */
  | {
    /** A refusal or failure, the same on every surface. */
    error: {
      /**
       * Of a transaction: which of its changes it is about, counted from 0; absent when it is about
       * the whole.
       */
      change?: number;
      /** Stable: programs decide by it. */
      code: string;
      /** With `service.failed` and `topic.refused`: what the provider of the service, or of the guard, said. */
      failure?: Failure;
      /** The request's; absent when it could not be read. */
      id?: number;
      /** A sentence for a person; may change. */
      message: string;
      /** Milliseconds after which trying again can help; absent if it cannot. */
      retry_ms?: number;
      /**
       * Whether the operation may have been done all the same. Say it again with the same operation
       * id to learn its end.
       */
      unknown?: boolean;
    };
  }
  /** Where the client is in a feed that it asked to follow. */
  | {
    subscribed: Subscribed;
  }
  /** An event of a feed that the client follows. */
  | {
    event: Event;
  }
  /**
   * What one transaction did to topics that the client follows: it is to be shown at once or not
   * at all. In the order of the changes. A transaction of which the client gets one event comes
   * as that event.
   */
  | {
    events: Event[];
  }
  /**
   * Several events of a feed that the client follows, with what they share said once. Each stands
   * for itself.
   */
  | {
    run: Run;
  }
  /** An event of somebody whom the user blocks: only its number is told, so that no gap is seen. */
  | {
    hidden: {
      /** The feed. */
      feed: FeedId;
      /** The number. */
      seq: Seq;
    };
  }
  /** Something about somebody who is there now. */
  | {
    signal: {
      /** Where it is told. */
      feed: FeedId;
      /** Who. */
      user: UserId;
      /** What. */
      what: Signaled;
    };
  }
  /**
   * What others show in a feed that the client follows, the newest of each. Behind the answer to
   * its subscription it is told what all show, if anybody does; what it was told before is over.
   */
  | {
    aware: {
      /** Nobody shows anything but those in here and those of whom it is told later. */
      all?: boolean;
      /** The feed. */
      feed: FeedId;
      /** What each shows. */
      states: Shown[];
    };
  }
  /** Something about services. */
  | {
    service: Told;
  }
  /**
   * The client read too slowly: these feeds are no longer followed. Subscribe again from the
   * last event that was received; nothing is lost.
   */
  | {
    lagged: {
      /** Which. */
      feeds: FeedId[];
    };
  }
  /** The user may no longer read this feed. */
  | {
    closed: {
      /** Which. */
      feed: FeedId;
      /** What it tells about was removed, for everybody. */
      removed?: boolean;
    };
  }
  /** The last frame before the server closes. */
  | {
    bye: Problem;
  };

/** A question. */
export type Query = 
  /** Is anybody there? */
  | {
    ping: Record<string, never>;
  }
  /**
   * The window that a client opens with: the user's circles, streams, conversations, unread
   * counts. Never members or messages.
   */
  | {
    window: Record<string, never>;
  }
  /** One circle of the window. */
  | {
    circle: {
      /** Which. */
      circle: CircleId;
    };
  }
  /** One stream or conversation of the window. */
  | {
    stream: {
      /** Which. */
      stream: StreamId;
    };
  }
  /** Messages of a stream or thread, oldest first. */
  | {
    messages: {
      /** Only newer ones than this. */
      after?: Seq;
      /** Half of them older and half newer than this, and it. */
      around?: Seq;
      /** Only older ones than this. */
      before?: Seq;
      /** How many, at most 200; 50 if absent. */
      limit?: number;
      /** The stream. */
      stream: StreamId;
      /** The thread; absent for the stream itself. */
      thread?: Seq;
    };
  }
  /** One message. */
  | {
    message: {
      /** Which. */
      message: Seq;
      /** The stream. */
      stream: StreamId;
    };
  }
  /** Messages that say something, of all that the user may read. */
  | {
    search: {
      /** Only those behind what an answer to the same question named as `next`. */
      after?: string;
      /** How many, at most 100; 20 if absent. */
      limit?: number;
      /** How many minutes the asker's clock is ahead of UTC, for the days in filters. */
      offset_minutes?: number;
      /** Which come first; those that fit best if absent. */
      order?: Order;
      /** Words, `"phrases"`, `-exclusions` and filters, at most 500 characters. */
      text: string;
    };
  }
  /** A topic and its value. */
  | {
    topic: {
      /** Its value after this event; the present one if absent. */
      seq?: Seq;
      /** Which. */
      topic: TopicId;
    };
  }
  /** What happened to a topic, newest first: who did what, when. */
  | {
    history: {
      /** Only what came before this event. */
      before?: Seq;
      /** How many, at most 200; 50 if absent. */
      limit?: number;
      /** Which. */
      topic: TopicId;
    };
  }
  /** The topic of a name, and its value. */
  | {
    topic_by_name: {
      /** In which circle. */
      circle: CircleId;
      /** The name. */
      name: TopicName;
    };
  }
  /** Topics of a circle, in the order of their names. */
  | {
    topics: {
      /** Only those whose names come after this one. */
      after?: string;
      /** Only those whose names begin like this. */
      begin?: string;
      /** Of which circle. */
      circle: CircleId;
      /** How many, at most 200; 100 if absent. */
      limit?: number;
    };
  }
  /** The same with their values: at most 1 MiB of them, or one that is larger. */
  | {
    topic_values: {
      /** Only those whose names come after this one. */
      after?: string;
      /** Only those whose names begin like this. */
      begin?: string;
      /** Of which circle. */
      circle: CircleId;
      /** How many, at most 200; 100 if absent. */
      limit?: number;
    };
  }
  /** How many steps the user can take back in a circle, and do again. */
  | {
    undoable: {
      /** In which circle. */
      circle: CircleId;
    };
  }
  /** Unread and mention counts of a stream and its threads that the user follows. */
  | {
    unread: {
      /** The stream. */
      stream: StreamId;
    };
  }
  /**
   * Users by id: those who are or were in a circle or conversation that the asker is in, and site
   * admins all.
   */
  | {
    users: {
      /** At most 200. */
      users: UserId[];
    };
  }
  /** The user of a name. */
  | {
    user_by_name: {
      /** The name, in any case. */
      name: string;
    };
  }
  /** Members of a circle, in the order of their ids. */
  | {
    members: {
      /** Only those after this one. */
      after?: UserId;
      /** The circle. */
      circle: CircleId;
      /** How many, at most 200; 100 if absent. */
      limit?: number;
    };
  }
  /** Who is banned from a circle, in the order of their ids: for those who may manage members. */
  | {
    bans: {
      /** Only those after this one. */
      after?: UserId;
      /** The circle. */
      circle: CircleId;
      /** How many, at most 200; 100 if absent. */
      limit?: number;
    };
  }
  /** Who of a circle is there now. */
  | {
    present: {
      /** The circle. */
      circle: CircleId;
    };
  }
  /**
   * Who is there now of those with whom the user shares a direct stream or group, as far as the user
   * may know it; at most 1000.
   */
  | {
    present_in_conversations: Record<string, never>;
  }
  /**
   * Who of a circle came within some time, whether they are there still or went again. Of those who
   * went before the server started nothing is known.
   */
  | {
    came: {
      /** The circle. */
      circle: CircleId;
      /** Within so many seconds before now. */
      seconds: number;
    };
  }
  /** Services of a circle, those of the server included, in the order of their names. */
  | {
    services: {
      /** Only those that come after this one. */
      after?: string;
      /** Only those whose names begin like this. */
      begin?: string;
      /** The circle. */
      circle: CircleId;
      /** How many, at most 200; 100 if absent. */
      limit?: number;
    };
  }
  /**
   * Calls of services of a circle that have not ended, the oldest first: for those who may offer
   * services there.
   */
  | {
    calls: {
      /** The circle. */
      circle: CircleId;
      /** How many, at most 200; 100 if absent. */
      limit?: number;
    };
  }
  /**
   * How much feeds are followed and how far they are: for those who manage the feeds of their
   * circles.
   */
  | {
    traffic: {
      /** At most 200. */
      feeds: FeedId[];
    };
  }
  /** What a message said before each of its last 50 edits, oldest first, and what it says now. */
  | {
    edits: {
      /** Which. */
      message: Seq;
      /** The stream. */
      stream: StreamId;
    };
  }
  /** Messages that mean or answer the user, in all circles and conversations, newest first. */
  | {
    inbox: {
      /** Only those that come after this place: the `next` of the answer before. */
      before?: InboxPlace;
      /** How many, at most 200; 50 if absent. */
      limit?: number;
      /** Only those that are unread. */
      unread?: boolean;
    };
  }
  /**
   * The threads that the user follows and that have unread messages, those first that were written in
   * last.
   */
  | {
    threads: {
      /** How many, at most 200; 50 if absent. */
      limit?: number;
    };
  }
  /** What follows the user over devices. */
  | {
    preferences: Record<string, never>;
  }
  /** The site as its administrators see it: how it is ruled and what it holds. */
  | {
    site: Record<string, never>;
  }
  /** Accounts in the order of their names, for those who administer the site. */
  | {
    accounts: {
      /** Only those whose names come after this one. */
      after?: string;
      /** Only those whose names begin like this, in any case. */
      begin?: string;
      /** How many, at most 200; 50 if absent. */
      limit?: number;
    };
  }
  /** All circles in the order of their making, for those who administer the site. */
  | {
    all_circles: {
      /** Only those after this one. */
      after?: CircleId;
      /** How many, at most 200; 50 if absent. */
      limit?: number;
    };
  }
  /** What the server counts, for those who administer the site. */
  | {
    health: Record<string, never>;
  }
  /** Public circles, in the order of their making. */
  | {
    public_circles: {
      /** Only those after this one. */
      after?: CircleId;
    };
  }
  /** Invites of a circle: all for those who manage members, else one's own. */
  | {
    invites: {
      /** The circle. */
      circle: CircleId;
    };
  }
  /** Where an invite leads. */
  | {
    invite_target: {
      /** Its secret. */
      code: string;
    };
  }
  /** The user's own sessions. */
  | {
    sessions: Record<string, never>;
  }
  /** Whom the user blocks. */
  | {
    blocks: Record<string, never>;
  };

/** Who may make an account. */
export type Registration = "open" | "invite" | "closed";

/**
 * Any later frame of a client. Exactly one of `do`, `get`, `subscribe`, `unsubscribe`, `signal` and
 * `service` is there; each frame gets exactly one reply with the same `id`.
 */
export type Request = {
  /** A change. */
  do?: Command;
  /** A question. */
  get?: Query;
  /** Chosen by the client; the reply carries it. */
  id: number;
  /** The name of the operation, with `do`: said twice, it happens once. */
  op?: OpId;
  /** Something about services. */
  service?: Service;
  /** Something for those who are there now, never stored. */
  signal?: Signal;
  /**
   * Feeds to follow, resuming where the client was. At most `Limits::subscribe_max`. Each feed
   * is answered by a `Push::Subscribed` of its own, before its live events; the reply
   * (`Reply::Noted`) comes when all were, and behind everything that happened to any followed
   * feed before: no transaction is then known in one of them and not yet in another.
   */
  subscribe?: Subscribe[];
  /** Feeds to follow no longer. */
  unsubscribe?: FeedId[];
};

/** Why a client's place in a feed cannot be continued. */
export type Reset = "epoch" | "ahead" | "too_far";

/** A named set of permissions. */
export type Role = {
  /** What it allows. */
  allow: Permissions;
  /** Its name, by which it can be mentioned. */
  name: RoleName;
  /** Who has the higher rank is out of reach of who has the lower: 0 (everyone) to 1000. */
  rank: number;
};

export type RoleId = `r_${string}`;

export type RoleName = string;

/** How a topic behaves. */
export type Rules = {
  /**
   * The most bytes that its value may take as JSON, about; 64 KiB if absent, at most 512 KiB. Of a
   * Yjs document the most bytes of its updates; 4 MiB if absent, which is the most.
   */
  bytes_max?: number;
  /** The most changes in a second, by everyone together; any number if absent. */
  changes_per_second?: number;
  /** The most items, elements or entries of its value; 10 000 if absent, which is the most. */
  count_max?: number;
  /**
   * Its value and its changes are kept in memory only, and gone with the last who follows it: then
   * it has its first value again. Decided when it is made.
   */
  ephemeral?: boolean;
  /**
   * The service of the circle that decides what becomes of a transaction that changes the topic.
   * Not of a Yjs document.
   */
  guard?: ServiceName;
  /** How much of what happened is kept. Of an ephemeral topic nothing is, whatever it says. */
  history?: History;
  /**
   * Whoever follows it may be told of several changes as of one: when more than a few wait for a
   * slow reader, the newest value is told in their place. Never of `event` and Yjs documents.
   */
  merge?: boolean;
  /** Its changes are no steps: undo and redo leave them alone. */
  no_undo?: boolean;
  /**
   * A JSON Schema (draft 2020-12) to which its value, or the arguments of an event, conform after
   * every transaction; at most 4 KiB, without references.
   */
  schema?: Json;
  /**
   * A Yjs document is behind it, as behind a `text`: what many write in it at the same time is merged,
   * and its value is the document's map named `json`. Of the kind `json` only, and decided when it
   * is made.
   */
  yjs?: boolean;
};

/**
 * What was done to one feed at one time, in order: events whose numbers follow each other. Each stands
 * for itself, as if it came alone; what happened in one transaction comes otherwise.
 */
export type Run = {
  /** When the server decided them. */
  at: Timestamp;
  /** Who did the first; `None` for the site itself. */
  by?: UserId;
  /** What is not the same in all of them. */
  events: Did[];
  /** The feed of all. */
  feed: FeedId;
  /** The number of the first. */
  seq: Seq;
};

export type SectionName = string;

/** An event as one reader may see it. */
export type Seen = Event | {
  /** The number. */
  hidden: Seq;
};

/** The number of an event in its feed: 1, 2, 3 … without gaps; 0 stands before the first. */
export type Seq = number;

/** What a client asks about services. */
export type Service = 
  /**
   * Offer a service until it is withdrawn or the connection ends. Said again, it is offered as it
   * was said last.
   */
  | {
    offer: Offer;
  }
  /** Offer it no longer. */
  | {
    withdraw: {
      /** In which circle; absent for a personal service. */
      circle?: CircleId;
      /** Which. */
      name: ServiceName;
      /** Whether its calls that are open end as well; else they go on. */
      now?: boolean;
    };
  }
  /**
   * Call a service. The reply comes when the call has ended; until then its `id` names it, and no
   * other call of the connection may have it.
   */
  | {
    call: Call;
  }
  /** Take more items of a stream. */
  | {
    credit: {
      /** The `id` of the call. */
      call: number;
      /** How many more; at most 1000 may be to come. */
      more: number;
    };
  }
  /** End a call. */
  | {
    cancel: {
      /** The `id` of the call. */
      call: number;
    };
  }
  /** As the provider: the next item of the stream. The caller must have credit left. */
  | {
    item: {
      /** The number of the call, as it was told. */
      call: number;
      /** The item. */
      value: Json;
    };
  }
  /** As the provider: how far it is. Told to a caller who wants it and has room for it. */
  | {
    progress: {
      /** The number of the call, as it was told. */
      call: number;
      /** How far. */
      value: Json;
    };
  }
  /** As the provider: the result, or the end of the stream. */
  | {
    done: {
      /** The number of the call, as it was told. */
      call: number;
      /** The result. */
      value?: Json;
    };
  }
  /** As the provider: there is no result. */
  | {
    fail: {
      /** The number of the call, as it was told. */
      call: number;
      /** What it means is between the provider and its callers. */
      code: FailureCode;
      /** What else there is to say. */
      data?: Json;
      /** A sentence for a person. */
      message: Line;
    };
  };

export type ServiceName = string;

/** A session as its user sees it. */
export type SessionCard = {
  /** When it began. */
  created_at: Timestamp;
  /** Whether it is the one that asks. */
  current: boolean;
  /** When it ends by itself, if it is used until then. */
  expires_at: Timestamp;
  /** Which. */
  id: SessionId;
  /** Its label. */
  label: Label;
  /** When it was last used, to the hour. */
  used_at: Timestamp;
};

export type SessionId = `d_${string}`;

/** A setting and where it came from. */
export type Setting = {
  /** Its name. */
  key: string;
  /** Where it came from, for people: `default`, a file, a variable or a flag. */
  source: string;
  /** Its value. */
  value: Json;
};

/** What somebody shows in a feed. */
export type Shown = {
  /** The number of the client that shows it: a session that is open several times has several. */
  client: number;
  /** Under which session. */
  session: SessionId;
  /** What; `null` for nothing any more. */
  state: AwareState | null;
  /** Whose session it is, as the server knows it. */
  user: UserId;
};

/** Something for those who are there now. */
export type Signal = {
  typing: {
    /** Which. */
    stream: StreamId;
    /** The message whose thread it is in; absent outside of threads. */
    thread?: Seq;
  };
} | {
  presence: {
    /** How. */
    status: Status;
  };
} | {
  aware: {
    /** Which feed; the session follows it. */
    feed: FeedId;
    /** What; `null` for nothing any more. */
    state?: AwareState;
  };
};

/** What is told of somebody who is there now. */
export type Signaled = {
  typing: {
    /** Which. */
    stream: StreamId;
    /** The message whose thread it is in; absent outside of threads. */
    thread?: Seq;
  };
} | {
  presence: {
    /** How. */
    status: Status;
  };
};

/** The site as its administrators see it. */
export type Site = {
  /** How many circles there are. */
  circles: number;
  /** How many files there are. */
  files?: number;
  /** How many bytes they have, with the uploads that are coming. */
  files_bytes?: number;
  /** The memory of the server's process; absent where the system does not say. */
  memory_bytes?: number;
  /** Who may make an account. */
  registration: Registration;
  /** Whether that can be changed while the server runs: the operator has not set it. */
  registration_changes: boolean;
  /** What the operator set, and where; secrets are not among it. */
  settings: Setting[];
  /** Since when it runs. */
  started_at: Timestamp;
  /** Where the data is on a disk: how much there is. */
  storage?: Storage;
  /** How many accounts there are. */
  users: number;
  /** The version of the program. */
  version: string;
};

/** A circle as administrators see it. */
export type SizedCircle = {
  /** When it was made. */
  created_at: Timestamp;
  /** What has happened in its streams. */
  events: number;
  /** The image that it is shown with. */
  icon?: Icon;
  /** The circle. */
  id: CircleId;
  /** How many members it has. */
  members: number;
  /** Its name. */
  name: string;
  /** Who owns it. */
  owner: UserId;
  /** Anyone may join. */
  public: boolean;
  /** Its streams, archived ones too. */
  streams: number;
  /** Its topics. */
  topics: number;
};

/** A part of a string and what came in its place. */
export type Splice = {
  /** Where, in UTF-16 code units from the beginning. */
  at: number;
  /** What was taken out there. */
  delete?: string;
  /** What was put in there. */
  insert?: string;
  /**
   * The edits that it took back or did again, where it was made for that. A turn may need several
   * splices; each says the whole of it.
   */
  turn?: Turn;
};

/** What is to be taken out, moved or replaced. */
export type Spot = {
  item: Json;
} | {
  at: number;
} | {
  element: ElementId;
} | {
  path: Path;
};

/** The state of a feed: what its events add up to, or a window of it. */
export type State = {
  stream: {
    /** Its newest messages. */
    messages: Message[];
    /** The stream. */
    stream: Stream;
  };
} | {
  circle: {
    /** The circle. */
    circle: Circle;
    /** The user's own membership. */
    member: Member;
  };
} | {
  topic: {
    /** The topic. */
    topic: Topic;
    /** Its value; the elements of a list with their names: `[{"element": …, "value": …}]`. */
    value: Json;
  };
} | {
  head: { [key: string]: Json };
};

/** Whether a user is there. */
export type Status = "online" | "idle" | "away" | "offline";

/** One step into JSON. */
export type Step = number | string;

/** How much data there is. */
export type Storage = {
  /** When the data was last backed up by this program; absent where it never was. */
  backup_at?: Timestamp;
  /** What the database takes, its log included. */
  database_bytes: number;
  /** What is free on its disk. */
  free_bytes: number;
};

/** A feed of messages. */
export type Stream = {
  /** What it is about. */
  about?: Line;
  /** Takes no more messages. */
  archived?: boolean;
  /** When it was made. */
  created_at: Timestamp;
  /** What each role is denied here, beyond what it lacks anyway. */
  deny?: { [key: `r_${string}`]: Permissions };
  /** The stream. */
  id: StreamId;
  /** Its name; a direct stream has none. */
  name?: StreamName;
  /** The messages that are pinned, in order of pinning. */
  pins?: Seq[];
  /**
   * Its place among the streams of the circle, from 1 on; 0 for one that nobody has arranged, which
   * stands behind them, by its age.
   */
  position?: number;
  /** The section that it is shown in; none for one that stands before all sections. */
  section?: SectionName;
  /** Seconds that a member without `manage_messages` waits between two messages. */
  slow_seconds?: number;
} & ({
  /** The circle. */
  circle: CircleId;
  kind: "channel";
} | {
  kind: "direct";
  /** The two, in the order of their ids. */
  users: UserId[];
} | {
  /** Who made it. */
  by: UserId;
  kind: "group";
  /** Those in it now. */
  users: UserId[];
});

export type StreamId = `s_${string}`;

export type StreamName = string;

/** What is unread in a stream. */
export type StreamUnread = {
  /** How many of those mean the user. */
  mentions: number;
  /** The user's read marker. */
  read: Seq;
  /** Threads that the user follows: begun, written in, or meant by name in. */
  threads: ThreadUnread[];
  /** How many messages are unread, threads apart. */
  unread: number;
};

/** A stream in the window. */
export type StreamWindow = {
  /** Its last event. */
  head: Seq;
  /** How many unread messages mean the user, those of followed threads included. */
  mentions: number;
  /** The user's read marker. */
  read: Seq;
  /** The stream. */
  stream: Stream;
  /** How many messages are unread, threads apart. */
  unread: number;
};

/** A feed to follow. */
export type Subscribe = {
  /** The last event the client has; absent for none: the answer is then a snapshot. */
  after?: Seq;
  /** The epoch of the place below, as an earlier answer told it. */
  epoch?: string;
  /**
   * Events only, never a snapshot: for readers that want everything. Where there are more than
   * fit, the answer says `more` and the feed is not followed yet: ask again from its `seq`.
   */
  events_only?: boolean;
  /** Which. */
  feed: FeedId;
  /** How many messages a snapshot of a stream holds; 50 if absent, at most 200. */
  window?: number;
};

/** Where a client is in a feed, and what it missed. */
export type Subscribed = {
  events: {
    /** To be told when subscribing again. */
    epoch: string;
    /** The events, in order; those of blocked users as their number alone. */
    events: Seen[];
    /** The feed. */
    feed: FeedId;
    /** There are more: the feed is not followed yet. Ask again from `seq`. */
    more?: boolean;
    /** The last event that is told here. */
    seq: Seq;
  };
} | {
  snapshot: {
    /** To be told when subscribing again. */
    epoch: string;
    /** The feed. */
    feed: FeedId;
    /** Why what the client had cannot be continued, when it claimed a place that is not. */
    reset?: Reset;
    /** The last event that the state has in it. */
    seq: Seq;
    /** The state. */
    state: State;
  };
} | {
  refused: {
    /** The feed. */
    feed: FeedId;
    /** Why. */
    problem: Problem;
  };
};

/** A thread with unread messages. */
export type ThreadCard = {
  /** The newest message of the thread. */
  last: Message;
  /** How many of those mean the user. */
  mentions: number;
  /** The user's read marker. */
  read: Seq;
  /** That message; absent where it was deleted. */
  root?: Message;
  /** Where it is. */
  stream: StreamId;
  /** The message whose thread it is: its number. */
  thread: Seq;
  /** How many of its messages are unread. */
  unread: number;
};

/** What is unread in a thread. */
export type ThreadUnread = {
  /** How many of those mean the user. */
  mentions: number;
  /** The user's read marker. */
  read: Seq;
  /** The message whose thread it is. */
  thread: Seq;
  /** How many of its messages are unread. */
  unread: number;
};

/** How long things took. */
export type Times = {
  /** Upper bounds in microseconds; a last bucket has what took longer than all. */
  bounds_us: number[];
  /** How many took at most as long as each bound and longer than the one before. */
  buckets: number[];
  /** The sum, in microseconds. */
  sum_us: number;
};

/** Milliseconds since the Unix epoch, as told by the clock that was passed in. */
export type Timestamp = number;

/** What a client is told about services. */
export type Told = 
  /** To the caller: the next item of the stream. */
  | {
    item: {
      /** The `id` of the call. */
      id: number;
      /** The item. */
      value: Json;
    };
  }
  /** To the caller: how far it is. */
  | {
    progress: {
      /** The `id` of the call. */
      id: number;
      /** How far. */
      value: Json;
    };
  }
  /** To the provider: a call. */
  | {
    called: Called;
  }
  /** To the provider: the caller takes more items. */
  | {
    credit: {
      /** The number of the call. */
      call: number;
      /** How many more. */
      more: number;
    };
  }
  /** To the provider: the call has ended without its answer. */
  | {
    cancelled: {
      /** The number of the call. */
      call: number;
      /** Why. */
      why: Why;
    };
  }
  /** To the provider: it offers this no longer, and the calls that it had of it have ended. */
  | {
    withdrawn: {
      /** In which circle. */
      circle: CircleId;
      /** What. */
      name: ServiceName;
      /** Why. */
      problem: Problem;
    };
  }
  /** To whoever follows the circle: this is offered otherwise than before. */
  | {
    offered: Card;
  };

/** A topic: what it is; its value is kept apart. */
export type Topic = {
  /** Whose it is. */
  circle: CircleId;
  /** Since when there is one. */
  created_at: Timestamp;
  /** What roles are denied in it. */
  deny?: { [key: `r_${string}`]: Permissions };
  /** The kind of its value. */
  holds: Kind;
  /** Its id. */
  id: TopicId;
  /** Its name, which no other topic of the circle has. */
  name: TopicName;
  /** How it behaves. */
  rules?: Rules;
};

export type TopicId = `t_${string}`;

export type TopicName = string;

/** A topic and its value. */
export type TopicWindow = {
  /**
   * Of a `json` with a Yjs document: its value, the document's shared map named `json`. Not among the
   * values of many.
   */
  json?: Json;
  /** The last event that the value has in it. */
  seq: Seq;
  /** Of a `text`: what its shared text named `text` says. Not among the values of many. */
  text?: string;
  /** The topic. */
  topic: Topic;
  /**
   * The value; the elements of a list with their names: `[{"element": …, "value": …}]`, a Yjs
   * document as its updates.
   */
  value: Json;
};

/** How much a feed is followed. */
export type Traffic = {
  /** The feed. */
  feed: FeedId;
  /** How many connections follow it. */
  followers: number;
  /** Its last event; where its numbers grow, it is written to. */
  seq: Seq;
};

/** Edits of a string that are taken back, or done again. */
export type Turn = {
  /** Which: the numbers of their events, from and to. */
  edits: Json[][];
  /** Whether they are done again. */
  on: boolean;
};

/** An update of a Yjs document in the format v1, as Base64 in JSON. */
export type Update = string;

/** A user, as everyone who shares something with them may see it. */
export type User = {
  /** The image that it is shown with. */
  avatar?: Icon;
  /** The human whose program drives this account; `None` for a human. */
  bot_of?: UserId;
  /** When it was made. */
  created_at: Timestamp;
  /** A disabled account cannot sign in; its messages stay. */
  disabled?: boolean;
  /** What it is shown as. */
  display_name: DisplayName;
  /** The account. */
  id: UserId;
  /** Its unique name. */
  name: UserName;
};

export type UserId = `u_${string}`;

export type UserName = string;

/** The first answer of a server. */
export type Welcome = {
  /** What this device is called: for the next time that the user signs in on it by password. */
  device?: string;
  /** Milliseconds between two signs of life: the server pings when it has nothing to say. */
  heartbeat_ms: number;
  /** The limits. */
  limits: Limits;
  /** The server's time. */
  now: Timestamp;
  /** Which session it is. */
  session: SessionId;
  /** The secret of a session that was begun by this connection: for the next hello. */
  token?: string;
  /** Who the client is. */
  user: User;
  /** The version of the protocol that will be spoken: the client's or the server's, the older. */
  v: number;
};

/** Why a provider shall not go on with a call. */
export type Why = "cancelled" | "late" | "gone";

/** What a client opens with. */
export type Window = {
  /** The user's circles with those of their streams that the user may read. */
  circles: CircleWindow[];
  /** Direct streams and groups. */
  conversations: StreamWindow[];
  /** Whether the user administers the site. */
  site_admin?: boolean;
};

//! Every operation as a request: over the WebSocket, and over REST by each route that does it.

use crate::gateway::Dialect;

/// Which part of a frame holds the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Do,
    Get,
    Signal,
    Service,
    Subscribe,
    Unsubscribe,
    /// Open a topic by a gateway, or come in by one.
    Open,
    /// Change something there.
    Write,
    /// Offer or call a service that is of no circle: what else is done by the same requests.
    Personal,
}

/// What is done with services that are of no circle.
pub(crate) const PERSONAL: [&str; 3] = ["personal_offer", "personal_call", "reach"];

/// What is done by gateways.
pub(crate) const GATEWAYS: [&str; 10] = [
    "yjs_open",
    "yjs_edit",
    "hocuspocus_open",
    "hocuspocus_edit",
    "topicsync_follow",
    "topicsync_change",
    "ghostr_whoelse",
    "ghostr_broadcast",
    "ghostr_message",
    "muca_join",
];

impl Kind {
    /// Whether what it does may change something.
    pub(crate) fn changes(self) -> bool {
        matches!(self, Self::Do | Self::Open | Self::Write)
    }

    /// By which gateway an operation of this name is done, if by any.
    pub(crate) fn dialect(self, name: &str) -> Option<Dialect> {
        match (self, name.split_once('_')) {
            (Self::Open | Self::Write, Some(("yjs", _))) => Some(Dialect::Plain),
            (Self::Open | Self::Write, Some(("hocuspocus", _))) => Some(Dialect::Named),
            (Self::Open | Self::Write, Some(("ghostr", _))) => Some(Dialect::Ghostr),
            (Self::Open | Self::Write, Some(("muca", _))) => Some(Dialect::Muca),
            (Self::Open | Self::Write, _) => Some(Dialect::Topicsync),
            _ => None,
        }
    }
}

/// A route that does an operation; `{names}` stand for what a world has.
pub(crate) struct Rest {
    /// Tried on this object alone, where the route fits no other.
    pub(crate) only: Option<&'static str>,
    /// The method and the path, as OpenAPI has it.
    pub(crate) route: &'static str,
    /// What stands behind the path.
    pub(crate) query: &'static str,
    pub(crate) body: &'static str,
}

/// An operation as a request.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The fields of the operation.
    pub(crate) fields: &'static str,
    pub(crate) rest: &'static [Rest],
}

const fn rest(route: &'static str, body: &'static str) -> Rest {
    Rest { only: None, route, query: "", body }
}

const fn only(on: &'static str, route: &'static str) -> Rest {
    Rest { only: Some(on), route, query: "", body: "" }
}

const fn change(name: &'static str, fields: &'static str, rest: &'static [Rest]) -> Operation {
    Operation { name, kind: Kind::Do, fields, rest }
}

const fn ask(name: &'static str, fields: &'static str, rest: &'static [Rest]) -> Operation {
    Operation { name, kind: Kind::Get, fields, rest }
}

const fn live(name: &'static str, kind: Kind, fields: &'static str) -> Operation {
    Operation { name, kind, fields, rest: &[] }
}

const CALL: &str = r#"{"circle":"{circle}","name":"chat/echo","args":7,"stream":"{stream}"}"#;

const MESSAGE: &str = r#"{"stream":"{stream}","message":{message}}"#;

const CHANGE: &str = r#"{"changes":[{"topic":"{topic}","change":{change}}]}"#;

pub(crate) const OPERATIONS: &[Operation] = &[
    change(
        "change_user",
        r#"{"display_name":"New"}"#,
        &[rest("PUT /users/me", r#"{"display_name":"New"}"#)],
    ),
    change(
        "set_avatar",
        r#"{"file":"{file}"}"#,
        &[
            rest("PUT /users/me/avatar", r#"{"file":"{file}"}"#),
            rest("DELETE /users/me/avatar", ""),
        ],
    ),
    change("block", r#"{"user":"{user}"}"#, &[rest("PUT /blocks/{user}", "")]),
    change("unblock", r#"{"user":"{user}"}"#, &[rest("DELETE /blocks/{user}", "")]),
    change(
        "revoke_session",
        r#"{"session":"{session}"}"#,
        &[
            rest("DELETE /sessions/{session}", ""),
            only("one's own session", "DELETE /sessions/current"),
        ],
    ),
    change(
        "claim_site",
        r#"{"token":"{token}"}"#,
        &[rest("POST /site/owner", r#"{"token":"{token}"}"#)],
    ),
    change(
        "set_disabled",
        r#"{"user":"{user}","disabled":true}"#,
        &[
            rest("PUT /site/accounts/{user}/disabled", ""),
            rest("DELETE /site/accounts/{user}/disabled", ""),
        ],
    ),
    change(
        "set_admin",
        r#"{"user":"{user}","admin":true}"#,
        &[
            rest("PUT /site/accounts/{user}/admin", ""),
            rest("DELETE /site/accounts/{user}/admin", ""),
        ],
    ),
    change(
        "end_sessions",
        r#"{"user":"{user}"}"#,
        &[rest("DELETE /site/accounts/{user}/sessions", "")],
    ),
    change("offer_reset", r#"{"user":"{user}"}"#, &[rest("POST /site/accounts/{user}/reset", "")]),
    change(
        "change_site",
        r#"{"registration":"invite"}"#,
        &[rest("PUT /site/registration", r#"{"registration":"invite"}"#)],
    ),
    ask("site", "{}", &[rest("GET /site/overview", "")]),
    ask("accounts", "{}", &[rest("GET /site/accounts", "")]),
    ask("all_circles", "{}", &[rest("GET /site/circles", "")]),
    ask("health", "{}", &[rest("GET /site/health", "")]),
    change("create_circle", r#"{"name":"New"}"#, &[rest("POST /circles", r#"{"name":"New"}"#)]),
    change(
        "change_circle",
        r#"{"circle":"{circle}","name":"New","public":false}"#,
        &[rest("PUT /circles/{circle}", r#"{"name":"New","public":false}"#)],
    ),
    change("remove_circle", r#"{"circle":"{circle}"}"#, &[rest("DELETE /circles/{circle}", "")]),
    change(
        "set_icon",
        r#"{"circle":"{circle}","file":"{file}"}"#,
        &[
            rest("PUT /circles/{circle}/icon", r#"{"file":"{file}"}"#),
            rest("DELETE /circles/{circle}/icon", ""),
        ],
    ),
    change(
        "change_owner",
        r#"{"circle":"{circle}","owner":"{carol}"}"#,
        &[rest("PUT /circles/{circle}/owner", r#"{"owner":"{carol}"}"#)],
    ),
    change("join", r#"{"circle":"{circle}"}"#, &[rest("POST /circles/{circle}/join", "")]),
    change("leave", r#"{"circle":"{circle}"}"#, &[rest("POST /circles/{circle}/leave", "")]),
    change("accept_invite", r#"{"code":"{code}"}"#, &[rest("POST /invites/{code}/accept", "")]),
    change(
        "create_invite",
        r#"{"circle":"{circle}"}"#,
        &[rest("POST /circles/{circle}/invites", "")],
    ),
    change(
        "revoke_invite",
        r#"{"circle":"{circle}","invite":"{invite}"}"#,
        &[rest("DELETE /circles/{circle}/invites/{invite}", "")],
    ),
    ask("invite_target", r#"{"code":"{code}"}"#, &[rest("GET /invites/{code}", "")]),
    ask("invites", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/invites", "")]),
    ask("public_circles", "{}", &[rest("GET /circles/public", "")]),
    ask("members", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/members", "")]),
    ask("bans", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/bans", "")]),
    ask("present", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/present", "")]),
    ask("present_in_conversations", "{}", &[rest("GET /conversations/present", "")]),
    ask(
        "came",
        r#"{"circle":"{circle}","seconds":60}"#,
        &[Rest { query: "?seconds=60", ..rest("GET /circles/{circle}/came", "") }],
    ),
    ask("window", "{}", &[rest("GET /window", "")]),
    ask("circle", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}", "")]),
    ask("stream", r#"{"stream":"{stream}"}"#, &[rest("GET /streams/{stream}", "")]),
    change(
        "create_role",
        r#"{"circle":"{circle}","name":"new","allow":["read"],"rank":1}"#,
        &[rest("POST /circles/{circle}/roles", r#"{"name":"new","allow":["read"],"rank":1}"#)],
    ),
    change(
        "change_role",
        r#"{"circle":"{circle}","role":"{role}","name":"new","allow":["read"],"rank":1}"#,
        &[rest(
            "PUT /circles/{circle}/roles/{role}",
            r#"{"name":"new","allow":["read"],"rank":1}"#,
        )],
    ),
    change(
        "remove_role",
        r#"{"circle":"{circle}","role":"{role}"}"#,
        &[rest("DELETE /circles/{circle}/roles/{role}", "")],
    ),
    change(
        "set_roles",
        r#"{"circle":"{circle}","user":"{user}","roles":["{helper}"]}"#,
        &[rest("PUT /circles/{circle}/members/{user}/roles", r#"{"roles":["{helper}"]}"#)],
    ),
    change(
        "set_nickname",
        r#"{"circle":"{circle}","user":"{user}","nickname":"New"}"#,
        &[rest("PUT /circles/{circle}/members/{user}/nickname", r#"{"nickname":"New"}"#)],
    ),
    change(
        "time_out",
        r#"{"circle":"{circle}","user":"{user}","seconds":60}"#,
        &[rest("PUT /circles/{circle}/members/{user}/timeout", r#"{"seconds":60}"#)],
    ),
    change(
        "kick",
        r#"{"circle":"{circle}","user":"{user}"}"#,
        &[rest("DELETE /circles/{circle}/members/{user}", "")],
    ),
    change(
        "ban",
        r#"{"circle":"{circle}","user":"{user}"}"#,
        &[rest("PUT /circles/{circle}/bans/{user}", "")],
    ),
    change(
        "unban",
        r#"{"circle":"{circle}","user":"{user}"}"#,
        &[rest("DELETE /circles/{circle}/bans/{user}", "")],
    ),
    change(
        "create_stream",
        r#"{"circle":"{circle}","name":"new"}"#,
        &[rest("POST /circles/{circle}/streams", r#"{"name":"new"}"#)],
    ),
    change(
        "change_stream",
        r#"{"stream":"{stream}","name":"new"}"#,
        &[rest("PUT /streams/{stream}", r#"{"name":"new"}"#)],
    ),
    change(
        "narrow_stream",
        r#"{"stream":"{stream}","deny":{"{everyone}":["write"]}}"#,
        &[rest("PUT /streams/{stream}/deny", r#"{"deny":{"{everyone}":["write"]}}"#)],
    ),
    change("remove_stream", r#"{"stream":"{stream}"}"#, &[rest("DELETE /streams/{stream}", "")]),
    change(
        "arrange_streams",
        r#"{"circle":"{circle}","sections":[{"section":"New","streams":["{stream}"]}]}"#,
        &[rest(
            "PUT /circles/{circle}/streams",
            r#"{"sections":[{"section":"New","streams":["{stream}"]}]}"#,
        )],
    ),
    change(
        "set_preference",
        r#"{"key":"language","value":"en"}"#,
        &[
            rest("PUT /preferences/{key}", r#"{"value":"en"}"#),
            rest("DELETE /preferences/{key}", ""),
        ],
    ),
    ask("preferences", "{}", &[rest("GET /preferences", "")]),
    ask("inbox", "{}", &[rest("GET /inbox", "")]),
    ask("threads", "{}", &[rest("GET /threads", "")]),
    ask("edits", MESSAGE, &[rest("GET /streams/{stream}/messages/{message}/edits", "")]),
    change("open_direct", r#"{"user":"{user}"}"#, &[rest("POST /direct", r#"{"user":"{user}"}"#)]),
    change(
        "create_group",
        r#"{"users":["{user}"]}"#,
        &[rest("POST /groups", r#"{"users":["{user}"]}"#)],
    ),
    change(
        "add_to_group",
        r#"{"stream":"{stream}","users":["{carol}"]}"#,
        &[rest("POST /groups/{stream}/users", r#"{"users":["{carol}"]}"#)],
    ),
    change("leave_group", r#"{"stream":"{stream}"}"#, &[rest("POST /groups/{stream}/leave", "")]),
    ask("unread", r#"{"stream":"{stream}"}"#, &[rest("GET /streams/{stream}/unread", "")]),
    change(
        "read",
        r#"{"stream":"{stream}","seq":1}"#,
        &[rest("PUT /streams/{stream}/read", r#"{"seq":1}"#)],
    ),
    live("typing", Kind::Signal, r#"{"stream":"{stream}"}"#),
    live("presence", Kind::Signal, r#"{"status":"away"}"#),
    live("aware", Kind::Signal, r#"{"feed":"{feed}","state":{"at":1}}"#),
    change(
        "post",
        r#"{"stream":"{stream}","text":"new"}"#,
        &[rest("PUT /streams/{stream}/messages/{message}", r#"{"text":"new"}"#)],
    ),
    change(
        "edit",
        r#"{"stream":"{stream}","message":{message},"text":"new"}"#,
        &[rest("PATCH /streams/{stream}/messages/{message}", r#"{"text":"new"}"#)],
    ),
    change("delete", MESSAGE, &[rest("DELETE /streams/{stream}/messages/{message}", "")]),
    change(
        "react",
        r#"{"stream":"{stream}","message":{message},"emoji":"👍"}"#,
        &[rest("PUT /streams/{stream}/messages/{message}/reactions/{emoji}", "")],
    ),
    change(
        "unreact",
        r#"{"stream":"{stream}","message":{message},"emoji":"👍"}"#,
        &[rest("DELETE /streams/{stream}/messages/{message}/reactions/{emoji}", "")],
    ),
    change(
        "pin",
        r#"{"stream":"{stream}","message":{message},"pinned":true}"#,
        &[
            rest("PUT /streams/{stream}/messages/{message}/pin", ""),
            rest("DELETE /streams/{stream}/messages/{message}/pin", ""),
        ],
    ),
    ask("messages", r#"{"stream":"{stream}"}"#, &[rest("GET /streams/{stream}/messages", "")]),
    ask(
        "search",
        r#"{"text":"in:{stream}"}"#,
        &[Rest { query: "?text=in:{stream}", ..rest("GET /search", "") }],
    ),
    ask("message", MESSAGE, &[rest("GET /streams/{stream}/messages/{message}", "")]),
    change(
        "create_topic",
        r#"{"circle":"{circle}","name":"new","holds":"int"}"#,
        &[rest("POST /circles/{circle}/topics", r#"{"name":"new","holds":"int"}"#)],
    ),
    change(
        "change_topic",
        r#"{"topic":"{topic}","name":"new"}"#,
        &[rest("PUT /topics/{topic}", r#"{"name":"new"}"#)],
    ),
    change(
        "narrow_topic",
        r#"{"topic":"{topic}","deny":{"{everyone}":["write"]}}"#,
        &[rest("PUT /topics/{topic}/deny", r#"{"deny":{"{everyone}":["write"]}}"#)],
    ),
    change("remove_topic", r#"{"topic":"{topic}"}"#, &[rest("DELETE /topics/{topic}", "")]),
    change("change", CHANGE, &[rest("POST /topics/changes", CHANGE)]),
    change("undo", r#"{"circle":"{circle}"}"#, &[rest("POST /circles/{circle}/undo", "")]),
    change("redo", r#"{"circle":"{circle}"}"#, &[rest("POST /circles/{circle}/redo", "")]),
    ask("undoable", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/undo", "")]),
    ask("topic", r#"{"topic":"{topic}"}"#, &[rest("GET /topics/{topic}", "")]),
    ask("history", r#"{"topic":"{topic}"}"#, &[rest("GET /topics/{topic}/history", "")]),
    ask("topic_by_name", r#"{"circle":"{circle}","name":"{topic_name}"}"#, &[]),
    ask("topics", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/topics", "")]),
    ask(
        "topic_values",
        r#"{"circle":"{circle}"}"#,
        &[rest("GET /circles/{circle}/topics/values", "")],
    ),
    ask("traffic", r#"{"feeds":["{topic}"]}"#, &[rest("GET /topics/{topic}/traffic", "")]),
    ask("services", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/services", "")]),
    ask("calls", r#"{"circle":"{circle}"}"#, &[rest("GET /circles/{circle}/calls", "")]),
    live("offer", Kind::Service, r#"{"circle":"{circle}","name":"math/add"}"#),
    live("withdraw", Kind::Service, r#"{"circle":"{circle}","name":"chat/echo"}"#),
    Operation {
        name: "call",
        kind: Kind::Service,
        fields: CALL,
        rest: &[rest(
            "POST /circles/{circle}/calls",
            r#"{"name":"chat/echo","args":7,"stream":"{stream}"}"#,
        )],
    },
    live("personal_offer", Kind::Personal, r#"{"offer":{"name":"me/door"}}"#),
    Operation {
        name: "personal_call",
        kind: Kind::Personal,
        fields: r#"{"call":{"name":"me/door","args":7,"provider":{"user":"{user}"}}}"#,
        rest: &[rest("POST /calls", r#"{"name":"me/door","args":7,"provider":{"user":"{user}"}}"#)],
    },
    Operation {
        name: "reach",
        kind: Kind::Personal,
        fields: r#"{"call":{"name":"kith/reach","args":{"user":"{user}"}}}"#,
        rest: &[rest("POST /calls", r#"{"name":"kith/reach","args":{"user":"{user}"}}"#)],
    },
    live("credit", Kind::Service, r#"{"call":1,"more":1}"#),
    live("cancel", Kind::Service, r#"{"call":1}"#),
    live("item", Kind::Service, r#"{"call":1,"value":1}"#),
    live("progress", Kind::Service, r#"{"call":1,"value":1}"#),
    live("done", Kind::Service, r#"{"call":1,"value":1}"#),
    live("fail", Kind::Service, r#"{"call":1,"code":"no","message":"no"}"#),
    ask(
        "users",
        r#"{"users":["{user}"]}"#,
        &[rest("GET /users/{user}", ""), only("oneself", "GET /users/me")],
    ),
    ask("user_by_name", r#"{"name":"{name}"}"#, &[rest("GET /users/by-name/{name}", "")]),
    ask("blocks", "{}", &[rest("GET /blocks", "")]),
    ask("sessions", "{}", &[rest("GET /sessions", "")]),
    ask("ping", "{}", &[]),
    live("subscribe", Kind::Subscribe, r#"[{"feed":"{feed}"}]"#),
    live("unsubscribe", Kind::Unsubscribe, r#"["{feed}"]"#),
    live("yjs_open", Kind::Open, ""),
    live("yjs_edit", Kind::Write, ""),
    live("hocuspocus_open", Kind::Open, ""),
    live("hocuspocus_edit", Kind::Write, ""),
    live("topicsync_follow", Kind::Open, ""),
    live("topicsync_change", Kind::Write, ""),
    live("ghostr_whoelse", Kind::Open, r#"{"action":"whoelse"}"#),
    live("ghostr_broadcast", Kind::Write, r#"{"action":"broadcast","message":"hi"}"#),
    live("ghostr_message", Kind::Write, r#"{"action":"message","user":"{user}","message":"hi"}"#),
    live("muca_join", Kind::Open, ""),
];

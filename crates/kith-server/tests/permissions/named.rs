//! What the names in the requests of the matrix stand for.

use super::{Names, OWNER, World};
use crate::names::{missing, topic_name};

impl World {
    /// What the names of a request stand for, when `who` acts on `on`.
    pub(crate) fn names(&self, who: &'static str, on: &str) -> Names {
        let mut names = Names::from([
            ("circle", self.circle.clone()),
            ("carol", self.user("carol")),
            ("helper", self.helper.clone()),
            ("everyone", self.everyone.clone()),
            ("message", "new-message".to_owned()),
            ("change", r#"{"set":{"value":"another secret"}}"#.to_owned()),
            ("key", "language".to_owned()),
            ("token", "0123456789abcdef".to_owned()),
            ("emoji", "%F0%9F%91%8D".to_owned()),
            ("code", self.invite.0.clone()),
            ("invite", self.invite.1.clone()),
            ("role", self.helper.clone()),
            ("user", self.user("carol")),
            ("name", "carol".to_owned()),
            ("file", self.images[who].clone()),
        ]);
        self.name_object(&mut names, who, on);
        names
    }

    fn name_object(&self, names: &mut Names, who: &'static str, on: &str) {
        let mut put = |name: &'static str, text: String| drop(names.insert(name, text));
        match on {
            "the site" | "a member" | "an invite" | "a role" => {}
            "a circle" => put("feed", self.circle.clone()),
            "a public circle" => {
                put("circle", self.park.clone());
                put("feed", self.park.clone());
            }
            "the site that nobody owns" => put("token", OWNER.to_owned()),
            "an invite that has ended" => put("code", self.ended_code.clone()),
            "no such invite" => put("invite", missing("i_")),
            "everyone's role" => put("role", self.everyone.clone()),
            "no such role" => put("role", missing("r_")),
            "oneself" => put("user", self.user(who)),
            "the owner" => put("user", self.user("owner")),
            "one who is not in the circle" | "one who left the circle" | "a user" => {
                put("user", self.user("pat"));
            }
            "one who left a group" => put("user", self.user("moderator")),
            "one who is banned" => put("user", self.user("banned")),
            "one who is written with" => put("user", self.user("dora")),
            "one who was written to" => put("user", self.user("elsa")),
            "a user who blocks everyone" => put("user", self.user("shy")),
            "no such user" => {
                put("user", missing("u_"));
                put("name", "nobody".to_owned());
            }
            "one's own session" => put("session", self.spare[who].clone()),
            "another's session" => put("session", self.spare["carol"].clone()),
            "the audit log of a circle" => put("feed", format!("audit:{}", self.circle)),
            "one's own user feed" => put("feed", self.user(who)),
            "another's user feed" => put("feed", self.user("carol")),
            "the site's feed" => put("feed", "site".to_owned()),
            "no such stream" => {
                put("stream", missing("s_"));
                put("feed", missing("s_"));
            }
            "no such topic" => {
                put("topic", missing("t_"));
                put("feed", missing("t_"));
                put("topic_name", "nothing".to_owned());
            }
            topic if self.topics.contains_key(topic) => {
                put("topic", self.topics[topic].clone());
                put("feed", self.topics[topic].clone());
                put("topic_name", topic_name(topic));
                if topic.ends_with("document") {
                    put("change", r#"{"put":{"path":["said"],"value":"new"}}"#.to_owned());
                } else if topic.ends_with("text") {
                    put("change", r#"{"splice":{"at":0,"insert":"new"}}"#.to_owned());
                }
            }
            stream if self.streams.contains_key(stream) => {
                put("stream", self.streams[stream].clone());
                put("feed", self.streams[stream].clone());
            }
            message => {
                let (stream, seq) = self.message(who, message);
                put("stream", self.streams[stream].clone());
                put("message", seq.to_string());
            }
        }
    }

    fn message(&self, who: &'static str, on: &str) -> (&'static str, u64) {
        let (stream, author) = match on {
            "a deleted message" => return ("a channel", self.deleted),
            // Who never wrote there has none of their own; any will do.
            "one's own message" if self.messages.contains_key(&("a channel", who)) => {
                ("a channel", who)
            }
            "one's own message" | "another's message" => ("a channel", "carol"),
            "a message in a hidden channel" => ("a hidden channel", "owner"),
            "a message in an archived channel" => ("an archived channel", "owner"),
            "a message in a direct stream" => ("a direct stream", "member"),
            "a message in a blocked direct stream" => ("a blocked direct stream", "member"),
            other => panic!("there is no {other} in this world"),
        };
        (stream, self.messages[&(stream, author)])
    }
}

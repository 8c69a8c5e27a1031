//! Named permissions and the sets that roles grant.

use std::borrow::Cow;
use std::fmt;
use std::ops::{BitOr, Sub};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// One thing that a role may allow in a circle.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Permission { $($(#[$doc])* $name,)* }

        impl Permission {
            /// All there are, in the order of the protocol.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in the protocol.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

permissions! {
    /// See a feed and what is in it.
    Read = "read",
    /// Post messages.
    Write = "write",
    /// Add reactions.
    React = "react",
    /// Attach files.
    Attach = "attach",
    /// Mention everyone, or a role.
    MentionAll = "mention_all",
    /// Make invites for circles that one is in.
    Invite = "invite",
    /// Delete others' messages, and pin.
    ManageMessages = "manage_messages",
    /// Make, change and archive streams, and narrow them.
    ManageFeeds = "manage_feeds",
    /// Kick, ban, time out, rename members, and revoke invites.
    ManageMembers = "manage_members",
    /// Make, change and give roles below one's own.
    ManageRoles = "manage_roles",
    /// Change the circle's name, description and visibility.
    ManageCircle = "manage_circle",
    /// Read the audit log.
    ViewAudit = "view_audit",
    /// Call services.
    UseServices = "use_services",
    /// Offer services.
    OfferServices = "offer_services",
}

impl Permission {
    /// The permission of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.name() == name)
    }
}

/// A set of permissions; a list of names on the wire, where unknown names are refused.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Permissions(u32);

impl Permissions {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// Every permission.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// The set of these.
    #[must_use]
    pub const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < list.len() {
            bits |= 1 << list[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// Whether `permission` is in the set.
    #[must_use]
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & 1 << permission as u8 != 0
    }

    /// Whether every permission of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The permissions, in the order of the protocol.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
    }
}

impl BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Sub for Permissions {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::name)).finish()
    }
}

impl JsonSchema for Permissions {
    fn schema_name() -> Cow<'static, str> {
        "Permissions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Permission::ALL.iter().map(|one| one.name()).collect();
        json_schema!({
            "type": "array",
            "uniqueItems": true,
            "items": { "type": "string", "enum": names },
        })
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for permission in self.iter() {
            list.serialize_element(permission.name())?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Permissions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of names of permissions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Permissions, A::Error> {
                let mut set = Permissions::NONE;
                while let Some(name) = names.next_element::<Cow<'de, str>>()? {
                    let permission = Permission::from_name(&name)
                        .ok_or_else(|| serde::de::Error::custom("unknown permission"))?;
                    set = set | Permissions::of(&[permission]);
                }
                Ok(set)
            }
        }

        deserializer.deserialize_seq(Names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_its_own_name_and_survives_json() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_name(permission.name()), Some(*permission));
        }
        let set = Permissions::of(&[Permission::Read, Permission::OfferServices]);
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#"["read","offer_services"]"#);
        assert_eq!(serde_json::from_str::<Permissions>(&json).unwrap(), set);
        assert!(serde_json::from_str::<Permissions>(r#"["fly"]"#).is_err());
    }
}

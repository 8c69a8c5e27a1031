//! The names of an enum's variants on the wire, as serde knows them.

use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

/// Asks a type what it would like to be, and gives it nothing.
struct Probe<'a>(&'a mut Vec<String>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Error::custom("not an enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(variants.iter().map(|name| (*name).to_owned()));
        Err(Error::custom("asked for its variants alone"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The variants of an externally tagged enum.
pub(crate) fn of<T: DeserializeOwned>() -> Vec<String> {
    let mut names = Vec::new();
    let probed = T::deserialize(Probe(&mut names));
    assert!(probed.is_err() && !names.is_empty());
    names
}

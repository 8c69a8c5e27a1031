//! How many connections one address has, so that none can take the places of all others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::app::address_prefix;

/// Counts connections by the part of the address that one household has.
pub(crate) struct Crowd {
    max: u32,
    inside: Mutex<HashMap<IpAddr, u32>>,
}

/// A connection that is counted until this is dropped.
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    prefix: Option<IpAddr>,
}

impl Crowd {
    pub(crate) fn new(max: u32) -> Arc<Self> {
        Arc::new(Self { max: max.max(1), inside: Mutex::default() })
    }

    fn inside(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in, unless its address has too many. This machine's own are not counted: a
    /// proxy in front speaks for everyone.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let prefix = (!address.is_loopback()).then(|| address_prefix(address));
        if let Some(prefix) = prefix {
            let mut inside = self.inside();
            let count = inside.entry(prefix).or_default();
            if *count >= self.max {
                return None;
            }
            *count += 1;
        }
        Some(Place { crowd: Arc::clone(self), prefix })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(prefix) = self.prefix else { return };
        let mut inside = self.crowd.inside();
        if let Some(count) = inside.get_mut(&prefix) {
            *count -= 1;
            if *count == 0 {
                inside.remove(&prefix);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_no_more_than_its_places() {
        let crowd = Crowd::new(2);
        let enter = |text: &str| crowd.enter(text.parse().unwrap());
        let (one, two) = (enter("192.0.2.1"), enter("::ffff:192.0.2.1"));
        assert!(one.is_some() && two.is_some());
        assert!(enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some(), "another is not held up");
        drop(one);
        assert!(enter("192.0.2.1").is_some());
        let home = (enter("2001:db8:0:1::1"), enter("2001:db8:0:1::2"));
        assert!(home.0.is_some() && enter("2001:db8:0:1::3").is_none(), "one household");
        assert!(enter("2001:db8:0:2::1").is_some());
        let local: Vec<_> = (0..10).map(|_| enter("127.0.0.1")).collect();
        assert!(local.iter().all(Option::is_some), "a proxy speaks for everyone");
        drop((two, home, local));
        assert!(crowd.inside().is_empty(), "nothing is left behind");
    }
}

//! What this client offers: said anew on every connection, until it is withdrawn.

use std::collections::BTreeMap;

use kith_core::id::CircleId;
use kith_core::text::ServiceName;
use kith_proto::error::Problem;
use kith_proto::frame::Reply;
use kith_proto::service::{Offer, Service, Told};

use super::{Ask, Output, Session};
use crate::error::ClientError;
use crate::update::Update;

/// What names an offer: the circle, unless it is personal, and the name there.
pub type Place = (Option<CircleId>, ServiceName);

/// An offer on its way.
#[derive(Debug)]
struct Asked {
    offer: Offer,
    /// It stood before: nobody waits for the answer.
    again: bool,
}

/// The offers of a client.
#[derive(Debug, Default)]
pub(super) struct Services {
    standing: BTreeMap<Place, Offer>,
    asked: BTreeMap<u64, Asked>,
    /// Counts the connections: the numbers of calls are those of one.
    connection: u64,
}

fn place(offer: &Offer) -> Place {
    (offer.circle, offer.name.clone())
}

impl Services {
    /// Notes what is asked under a number.
    pub(super) fn asking(&mut self, id: u64, ask: &Ask) {
        match ask {
            Ask::Offer(offer) => {
                let asked = Asked { offer: offer.clone(), again: false };
                self.asked.insert(id, asked);
            }
            Ask::Service(_, Service::Withdraw { circle, name, .. }) => {
                let gone = (*circle, name.clone());
                self.standing.remove(&gone);
                self.asked.retain(|_, asked| place(&asked.offer) != gone);
            }
            _ => {}
        }
    }

    /// Whether this may be said on the present connection.
    pub(super) fn is_of_now(&self, connection: Option<u64>) -> bool {
        connection.is_none_or(|connection| connection == self.connection)
    }

    /// What an end means: that of an offer which stood before is its own end.
    pub(super) fn settled(&mut self, id: u64, result: Result<Reply, ClientError>) -> Output {
        let Some(Asked { offer, again }) = self.asked.remove(&id) else {
            return Output::Settled(id, result);
        };
        match result {
            Ok(reply) => {
                self.standing.insert(place(&offer), offer);
                Output::Settled(id, Ok(reply))
            }
            Err(error) if again => {
                self.standing.remove(&place(&offer));
                Output::Withdrawn(place(&offer), error)
            }
            Err(error) => Output::Settled(id, Err(error)),
        }
    }
}

impl Session {
    /// Offers everything again that stood on the last connection.
    pub(super) fn offer_again(&mut self) {
        self.services.connection += 1;
        for offer in self.services.standing.values().cloned().collect::<Vec<_>>() {
            self.renew(offer);
        }
    }

    fn renew(&mut self, offer: Offer) {
        if self.services.asked.values().any(|asked| place(&asked.offer) == place(&offer)) {
            return;
        }
        let id = self.number();
        self.services.asked.insert(id, Asked { offer: offer.clone(), again: true });
        self.pending.insert(id, super::Pending::new(Ask::Offer(offer)));
    }

    /// Something about services came.
    pub(super) fn service_told(&mut self, told: Told) {
        match told {
            Told::Offered(card) => self.updates.push_back(Update::Offered(card)),
            Told::Withdrawn { circle, name, problem } => {
                self.withdrawn((Some(circle), name), problem);
            }
            Told::Called(called) => {
                self.out.push_back(Output::Called(self.services.connection, Box::new(called)));
            }
            told => self.out.push_back(Output::Told(told)),
        }
    }

    fn withdrawn(&mut self, place: Place, problem: Problem) {
        // The server could not look the right up at that moment: it may well be there.
        if problem.code == "access.changed"
            && let Some(offer) = self.services.standing.get(&place)
        {
            return self.renew(offer.clone());
        }
        if self.services.standing.remove(&place).is_some() {
            self.out.push_back(Output::Withdrawn(place, ClientError::Refused(problem)));
        }
    }
}

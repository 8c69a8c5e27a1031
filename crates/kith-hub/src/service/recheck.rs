//! What is taken of services from those who lost a right.

use std::sync::atomic::Ordering;

use kith_core::access;
use kith_core::decide::{account, service as rules};
use kith_core::draft::{Draft, Stop};
use kith_core::id::{CircleId, UserId};
use kith_core::refusal::Refusal;

use super::pairs::Pair;
use super::seat::Seat;
use crate::Inner;
use crate::subscriber::Scope;

/// Takes the offers and calls of those who may no longer.
pub(crate) fn recheck(inner: &Inner, scope: &Scope) {
    let services = &inner.services;
    services.revocations.fetch_add(1, Ordering::AcqRel);
    let touched: Vec<(u64, UserId, String, Vec<CircleId>)> = {
        let inside = services.inside();
        let touched = inside.seats.iter().filter(|(_, seat)| scope.touches(seat.user));
        let known =
            |(party, seat): (&u64, &Seat)| (*party, seat.user, seat.session(), seat.circles());
        touched.map(known).collect()
    };
    let now = inner.env.now();
    for (party, user, token_hash, circles) in touched {
        let (ended, taken) = {
            let state = inner.state();
            let draft = Draft::new(&state.cache, now, None, None, 0);
            let ended =
                scope.may_end(user, &token_hash) && account::session(&draft, &token_hash).is_err();
            let taken: Vec<_> = circles
                .into_iter()
                .map(|circle| {
                    let call = taken(access::to_call(&draft, user, circle));
                    (circle, call, taken(access::to_offer(&draft, user, circle)))
                })
                .collect();
            (ended, taken)
        };
        services.change(inner, |inside, now_ms| {
            if ended {
                return inside.leave(party, now_ms);
            }
            for (circle, call, offer) in taken {
                let Some(seat) = inside.seats.get_mut(&party) else { return };
                if let Some(refusal) = call {
                    seat.forbid_calls(circle);
                    inside.registry.forbid_calls(party, circle, &refusal, now_ms);
                }
                let Some(seat) = inside.seats.get_mut(&party) else { return };
                if let Some(refusal) = offer {
                    seat.forbid_offers(circle);
                    inside.registry.forbid_offers(party, circle, &refusal, now_ms);
                }
            }
        });
    }
    part(inner, scope);
}

/// Takes the right to call each other from those who meet no longer.
fn part(inner: &Inner, scope: &Scope) {
    let services = &inner.services;
    let touched: Vec<Pair> = {
        let inside = services.inside();
        let is_touched = |pair: &Pair| {
            pair.users.iter().any(|user| scope.touches(*user)) || scope.blocks_between(pair.users)
        };
        inside.pairs.all().filter(is_touched).collect()
    };
    let now = inner.env.now();
    for pair in touched {
        let parted = {
            let state = inner.state();
            let draft = Draft::new(&state.cache, now, None, None, 0);
            taken(rules::may_meet(&draft, pair.users, pair.at)).is_some()
        };
        if parted {
            services.change(inner, |inside, now_ms| {
                if let Some(grant) = inside.pairs.part(pair) {
                    inside.registry.part(&grant, now_ms);
                }
            });
        }
    }
}

/// Why a right is no longer there. What cannot be looked up at once is taken as gone.
fn taken<T>(looked: Result<T, Stop>) -> Option<Refusal> {
    match looked {
        Ok(_) => None,
        Err(Stop::Refused(refusal)) => Some(refusal),
        Err(Stop::Missing(_)) => Some(Refusal::AccessChanged),
    }
}

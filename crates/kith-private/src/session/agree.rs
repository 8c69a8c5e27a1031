//! The first words of a session: both devices show who they are, over the server.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Heard, STEP, Shared, Stop};
use crate::handshake::{self, Agreement, Between, Part};
use crate::invitation::With;
use crate::signal::{Address, Declined, End, Proof, Say};

/// Agrees with the device at the other end.
pub(super) async fn agree(
    shared: &Shared,
    between: &Between,
    peer: &Address,
    with: With,
    ours: Part,
    heard: &mut mpsc::Receiver<Heard>,
) -> Result<Agreement, Stop> {
    match with {
        With::Part(theirs) => {
            let (reveal, agreement) = handshake::reveal(between, ours, &theirs, &shared.identity)?;
            let Proof { proof } = ask(shared, between, peer, Say::Reveal(reveal)).await?;
            agreement.conclude(&proof)?;
            Ok(agreement)
        }
        With::Commitment(commitment) => {
            let _: Json = ask(shared, between, peer, Say::Accept(ours.clone())).await?;
            let waiting = async {
                while let Some(Heard { say, answer }) = heard.recv().await {
                    match say {
                        Say::Reveal(reveal) => return Some((reveal, answer)),
                        _ => drop(answer.send(Err(Declined::Unknown))),
                    }
                }
                None
            };
            let waited = timeout(STEP, waiting).await.map_err(|_| Stop::End(End::Lost))?;
            let (reveal, answer) = waited.ok_or(Stop::Quiet)?;
            match handshake::accept(between, &commitment, &ours, &reveal, &shared.identity) {
                Ok((proof, agreement)) => {
                    let proof = serde_json::to_value(Proof { proof });
                    // Who no longer waits ends the session in its own time.
                    let _ = answer.send(proof.map_err(|_| Declined::Failed));
                    Ok(agreement)
                }
                Err(error) => {
                    let _ = answer.send(Err(Declined::Failed));
                    Err(error.into())
                }
            }
        }
    }
}

async fn ask<T: DeserializeOwned>(
    shared: &Shared,
    between: &Between,
    peer: &Address,
    say: Say,
) -> Result<T, Stop> {
    let answered = timeout(STEP, shared.call(peer, between.id, say)).await;
    let value = match answered.map_err(|_| Stop::End(End::Lost))? {
        Ok(value) => value,
        Err(why) => return Err(Stop::End(why.map_or(End::Unreachable, Declined::end))),
    };
    serde_json::from_value(value).map_err(|_| Stop::End(End::Failed))
}

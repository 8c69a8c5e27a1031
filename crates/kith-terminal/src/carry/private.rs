//! Carries out what is wished in private sessions, over the client's own devices.

use std::net::SocketAddr;
use std::path::PathBuf;

use kith_client::Client;
use kith_core::id::UserId;
use kith_private::event::PrivateError;
use kith_private::{Events, Options, Private};
use tokio::sync::mpsc;

use crate::model::{Came, PrivateCame, PrivateWish};

/// What private sessions are begun with.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// What the server is called among the known devices.
    pub(crate) server: String,
    /// Where keys and known devices are kept.
    pub(crate) directory: PathBuf,
    /// The addresses to send from; all unless there are some.
    pub(crate) bind: Vec<SocketAddr>,
}

/// Carries wishes out, one after another; what takes a while, beside that.
pub(super) async fn carry(
    client: Client,
    setup: Setup,
    mut wishes: mpsc::Receiver<PrivateWish>,
    told: mpsc::Sender<Came>,
) {
    let mut private: Option<Private> = None;
    let mut unable = "private sessions are not begun yet".to_owned();
    while let Some(wish) = wishes.recv().await {
        let (private, wish) = match (&private, wish) {
            (None, PrivateWish::Reach) => {
                let mut options =
                    Options::new(client.welcome().user.id, &setup.server, &setup.directory);
                if !setup.bind.is_empty() {
                    options.bind = setup.bind.iter().map(ToString::to_string).collect();
                }
                match Private::over(&client, options).await {
                    Ok((begun, events)) => {
                        tokio::spawn(hear(events, told.clone()));
                        private = Some(begun);
                    }
                    // It may go the next time.
                    Err(error) => unable = error.to_string(),
                }
                continue;
            }
            (None, wish) => {
                if let PrivateWish::Invite(user, _) = wish {
                    tell(&told, PrivateCame::Refused(Some(user), unable.clone())).await;
                }
                continue;
            }
            (Some(private), wish) => (private.clone(), wish),
        };
        match wish {
            PrivateWish::Invite(user, way) => {
                let told = told.clone();
                tokio::spawn(async move {
                    let came = match private.invite(user, way).await {
                        Ok(id) => PrivateCame::Invited(user, id),
                        Err(error) => refused(user, "startprivate", &error),
                    };
                    tell(&told, came).await;
                });
            }
            PrivateWish::Accept(id, user, way) => {
                let told = told.clone();
                tokio::spawn(async move {
                    if let Err(error) = private.accept(id, way).await {
                        tell(&told, refused(user, "acceptprivate", &error)).await;
                    }
                });
            }
            wish => {
                if let Some(came) = at_once(&private, wish).await {
                    tell(&told, came).await;
                }
            }
        }
    }
    if let Some(private) = private {
        private.close().await;
    }
}

/// Does what takes no time, so that what is said stays in its order.
async fn at_once(private: &Private, wish: PrivateWish) -> Option<PrivateCame> {
    let plain = |user: UserId, done: Result<(), PrivateError>| {
        done.err().map(|error| PrivateCame::Refused(Some(user), error.to_string()))
    };
    match wish {
        PrivateWish::Reach | PrivateWish::Invite(..) | PrivateWish::Accept(..) => None,
        PrivateWish::End(id) => {
            // It may have ended meanwhile.
            let _ = private.end(id).await;
            None
        }
        PrivateWish::Say(id, user, text) => plain(user, private.message(id, text).await),
        PrivateWish::Typing(id) => {
            private.typing(id).await;
            None
        }
        PrivateWish::SendFile(id, user, path) => Some(match private.send_file(id, &path).await {
            Ok(file) => PrivateCame::Offered(user, file, path),
            Err(error) => PrivateCame::Refused(Some(user), format!("{}: {error}", path.display())),
        }),
        PrivateWish::TakeFile(id, user, file, path) => {
            let taken = private.take_file(id, file, &path).await;
            taken.err().map(|error| {
                PrivateCame::Refused(Some(user), format!("{}: {error}", path.display()))
            })
        }
        PrivateWish::RefuseFile(id, user, file) => plain(user, private.refuse_file(id, file).await),
        PrivateWish::Verify(id, user) => Some(match private.verify(id).await {
            Ok(()) => PrivateCame::Verified(user),
            Err(error) => PrivateCame::Refused(Some(user), error.to_string()),
        }),
        PrivateWish::Block(user) => {
            private.block(user).await;
            None
        }
    }
}

fn refused(user: UserId, command: &str, error: &PrivateError) -> PrivateCame {
    let hint = match error {
        PrivateError::NoWay => format!(". `{command} USER direct` agrees to it"),
        _ => String::new(),
    };
    PrivateCame::Refused(Some(user), format!("{error}{hint}"))
}

async fn hear(mut events: Events, told: mpsc::Sender<Came>) {
    while let Some(event) = events.next().await {
        tell(&told, PrivateCame::Event(event)).await;
    }
}

async fn tell(told: &mpsc::Sender<Came>, came: PrivateCame) {
    // A program that has ended wants to know nothing.
    let _ = told.send(Came::Private(came)).await;
}

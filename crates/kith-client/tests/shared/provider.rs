//! What the people of the cases offer, by what it does.

use std::sync::Arc;

use kith_client::{Call, Client, ClientError, service};
use kith_core::text::{FailureCode, Line};
use kith_proto::query::Query;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A service that is offered.
pub(crate) struct Provider {
    serving: JoinHandle<()>,
    /// A call was taken that waits for its end.
    taken: mpsc::UnboundedReceiver<()>,
    /// Why calls ended that had no answer yet.
    ended: mpsc::UnboundedReceiver<Json>,
}

/// Where calls are told of.
#[derive(Clone)]
struct Told {
    me: Arc<str>,
    taken: mpsc::UnboundedSender<()>,
    ended: mpsc::UnboundedSender<Json>,
}

impl Provider {
    pub(crate) async fn offer(
        client: &Client,
        me: &str,
        offer: service::Offer,
        does: String,
    ) -> Result<Self, ClientError> {
        let mut offered = client.offer(offer).await?;
        let ((taken, takes), (ended, ends)) =
            (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let told = Told { me: me.into(), taken, ended };
        let serving = tokio::spawn(async move {
            while let Ok(call) = offered.next().await {
                tokio::spawn(serve(does.clone(), call, told.clone()));
            }
        });
        Ok(Self { serving, taken: takes, ended: ends })
    }

    pub(crate) async fn withdraw(self, client: &Client) {
        self.serving.abort();
        assert!(self.serving.await.unwrap_err().is_cancelled());
        // What is asked after it is answered after it.
        client.query(Query::Ping {}).await.unwrap();
    }

    pub(crate) async fn takes(&mut self) {
        self.taken.recv().await.unwrap();
    }

    pub(crate) async fn learns(&mut self) -> Json {
        self.ended.recv().await.unwrap()
    }
}

/// Answers a call. Its caller may be gone by then, which is told otherwise.
async fn serve(does: String, call: Call, told: Told) {
    let args = call.args().clone();
    let _ = match does.as_str() {
        "add" => {
            let [one, two] = [0, 1].map(|place| args[place].as_i64().unwrap());
            let _ = call.progress(json!(0.5)).await;
            match one < 0 {
                true => {
                    let code = FailureCode::parse("math.negative").unwrap();
                    let why = Line::parse("only what is above 0").unwrap();
                    call.fail_with(code, why, json!({ "one": one })).await
                }
                false => call.finish(json!(one + two)).await,
            }
        }
        "count" => count(args.as_u64().unwrap(), call, &told).await,
        "wait" => {
            told.taken.send(()).unwrap();
            told.ended.send(json!(call.cancelled().await)).map_err(|_| ClientError::Ended)
        }
        "who" => {
            let user = json!(call.caller().0);
            call.finish(user).await
        }
        "name" => call.finish(json!(&*told.me)).await,
        "where" => {
            let is_told = call.stream().is_some();
            call.finish(json!(is_told)).await
        }
        other => panic!("nothing does {other}"),
    };
}

/// Counts for whoever wants a stream.
async fn count(to: u64, call: Call, told: &Told) -> Result<(), ClientError> {
    let end = if call.called().credit.is_some() { to } else { 0 };
    for number in 1..=end {
        if call.send(json!(number)).await.is_err() {
            told.ended.send(json!(call.cancelled().await)).unwrap();
            return Err(ClientError::Ended);
        }
    }
    call.finish(json!("done")).await
}

//! Work that is cut off at each of its operations: by a loss of power, or by a call of the store that
//! fails.

use std::sync::Arc;

use kith_hub::testing::Clock;
use kith_hub::verify::verify;
use kith_hub::{Hub, HubError, Limits};
use kith_store::Store;
use kith_store::fault::{Fault, FaultStore};

/// Fails where documents are not what the events add up to.
pub(crate) async fn is_right(store: &impl Store) {
    let verified = verify(store).await.unwrap();
    assert!(verified.problems.is_empty(), "{:#?}", verified.problems);
}

/// Lets the hub forget what there is to forget.
pub(crate) async fn forget_all(hub: &Hub) {
    while hub.expire().await.unwrap() > 0 {}
}

pub(crate) async fn open(store: &FaultStore) -> Result<Hub, HubError> {
    Hub::open(Arc::new(store.clone()), Arc::<Clock>::default(), Limits::default()).await
}

/// Works on a copy of what was made, with a fault planned at an operation. What the store has after it,
/// in which nothing is wrong; what the work came to, if the hub opened; and whether the fault came.
pub(crate) async fn cut<T: Default>(
    made: &FaultStore,
    at: u64,
    fault: Fault,
    work: impl AsyncFnOnce(Hub) -> T,
) -> (FaultStore, T, bool) {
    let store = made.recover(0);
    store.plan(fault);
    let told = match open(&store).await {
        Ok(hub) => work(hub).await,
        Err(_) => T::default(),
    };
    let came = store.operations() >= at;
    let after = store.recover(at);
    is_right(&after).await;
    (after, told, came)
}

/// Has a workload of its own run with a fault so many operations after its beginning, and with a seed,
/// until it says that the fault did not come.
pub(crate) async fn at_every_operation(run: impl AsyncFn(u64, u64) -> bool) {
    let mut after = 1;
    while run(after, after.wrapping_mul(7)).await {
        after += 1;
    }
    assert!(after > 20, "the workload has operations");
}

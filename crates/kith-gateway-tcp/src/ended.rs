//! Why a visit ends from within.

use kith_hub::HubError;

use crate::paced::Gone;

/// Why nothing more is told.
pub(crate) enum Ended {
    Gone,
    Hub(HubError),
}

impl From<Gone> for Ended {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<HubError> for Ended {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}

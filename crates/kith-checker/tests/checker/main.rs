//! The checker against a small model server: a correct run is clean, planted
//! bugs are caught.

mod basics;
mod edits;
mod model;
mod planted;
mod transactions;

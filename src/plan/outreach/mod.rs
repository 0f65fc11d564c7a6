//! The outreach list: who is visited for months, when that changes, and what is new near them today.

pub mod brief;
pub mod check;
pub mod fill;
pub mod reason;
pub mod register;
pub mod review;
pub mod words;

//! Two settings of the process that must be made before the first tensor. Together they make a training step of the
//! shipped encoder about a fifth faster on two cores (`benches/step.rs`); an environment variable of the user's wins.

use std::env;

/// mimalloc's option 15, `purge_delay`: milliseconds until freed memory goes back to the system, −1 for never.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
/// How often Candle's idle workers look for work before they sleep. They would take a core from ours.
const SPIN_LIMIT: &str = "CANDLE_BARRIER_POOL_SPIN_LIMIT";

/// Keeps freed memory for the next tensor and lets idle workers sleep. To be called first thing in `main`.
pub fn tune() {
    if env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: the option is one that this mimalloc has, and no other thread runs yet.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
    }
    if env::var_os(SPIN_LIMIT).is_none() {
        // SAFETY: no other thread runs yet, so none reads the environment meanwhile.
        unsafe { env::set_var(SPIN_LIMIT, "0") };
    }
}

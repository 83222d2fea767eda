//! What every adapter must do, run by each adapter's own tests.

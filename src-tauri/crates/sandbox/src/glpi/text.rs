//! Texts of the demo data, written when they are read: a row keeps a code of eight bytes instead of a paragraph.

use crate::demo::prose;
use std::sync::Arc;

/// Writes texts from codes. The same seed and code give the same text.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    seed: u64,
    /// Names texts may mention, filled in by the demo data.
    pub(crate) cast: Arc<prose::Cast>,
}

impl Texts {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            cast: Arc::new(prose::Cast::default()),
        }
    }

    /// The text a code stands for.
    pub(crate) fn write(&self, code: u64) -> String {
        prose::write(self.seed, code, &self.cast)
    }
}

//! Places around every durable step where the crash tests end the process: see `docs/crash-tests.md`.
//!
//! A place is named after the function whose transaction it is, so that a new transaction is one without anybody having to
//! remember it. Compiled in with the feature `failpoints` and debug assertions only: no release build has any of this.

#[cfg(all(feature = "failpoints", debug_assertions))]
mod on {
    use std::sync::OnceLock;

    static HOOK: OnceLock<fn(&str)> = OnceLock::new();

    /// Calls `hook` with its name (`desk.submit.before`) whenever a place is reached. The first hook stays.
    pub fn on_reached(hook: fn(&str)) {
        let _ = HOOK.set(hook);
    }

    /// `function` is the type name of something declared within the function meant.
    pub(crate) fn reached(database: &str, function: &str, side: &str) {
        if let Some(hook) = HOOK.get() {
            hook(&format!("{database}.{}.{side}", plain(function)));
        }
    }

    /// The function's own name: without its path, and without the closures and blocks within it.
    fn plain(function: &str) -> &str {
        function
            .rsplit("::")
            .skip(1)
            .find(|part| *part != "{{closure}}")
            .unwrap_or(function)
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn a_place_has_its_function_s_name() {
            let name = "guichet_store::desk_api::<impl guichet_store::Store>::submit::{{closure}}::{{closure}}::here";
            assert_eq!(super::plain(name), "submit");
            assert_eq!(super::plain("guichet_store::open::move_aside::here"), "move_aside");
        }
    }
}

#[cfg(all(feature = "failpoints", debug_assertions))]
pub use on::on_reached;
#[cfg(all(feature = "failpoints", debug_assertions))]
pub(crate) use on::reached;

/// A place: which database, and where it stands. Nothing at all without the feature.
macro_rules! place {
    ($database:literal, $side:literal) => {{
        #[cfg(all(feature = "failpoints", debug_assertions))]
        {
            fn here() {}
            crate::failpoint::reached($database, std::any::type_name_of_val(&here), $side);
        }
    }};
}
pub(crate) use place;

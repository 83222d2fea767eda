//! The harness itself, tried on a trivial page in WebKitGTK's own little browser.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Key, Scenario, Window};
use std::path::Path;

/// Part of WebKitGTK, whatever the product's state.
const BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

const PAGE: &str = "data:text/html,<title>t</title><input id=field><button id=late hidden onclick='this.textContent=field.value'>go\
    </button><input id=file type=file><script>setTimeout(()=>late.hidden=false,300)</script>";

#[tokio::test]
#[ignore = "needs the packages of `cargo xtask setup`: run `cargo xtask e2e`"]
async fn a_window_is_driven_pictured_and_killed() {
    let scenario = Scenario::start("harness", "fr_FR.UTF-8").unwrap();
    let window = Window::open(&scenario, Path::new(BROWSER), &["--automation".into()])
        .await
        .unwrap();
    window.goto(PAGE).await.unwrap();
    window.type_into("#field", "été œuvre").await.unwrap();
    window.value("#field", "été œuvre").await.unwrap();
    window.press(&[Key::Control.into(), 'a']).await.unwrap();
    window.keys("abc").await.unwrap();
    window.value("#field", "abc").await.unwrap();
    // Hidden for 300 ms: the click waits for it.
    window.click("#late").await.unwrap();
    window.text_with("#late", "abc").await.unwrap();
    let file = scenario.folder().join("note.txt");
    std::fs::write(&file, "x").unwrap();
    window.choose_file("#file", &file).await.unwrap();
    window
        .holds(
            "the file",
            "return document.querySelector('#file').files[0]?.name === 'note.txt'",
        )
        .await
        .unwrap();
    window.picture("page").await.unwrap();
    assert!(
        std::fs::metadata(scenario.pictures().join("01-page.png"))
            .unwrap()
            .len()
            > 1000
    );
    window.kill().await.unwrap();
}

//! Every view, state and theme looks as it did when somebody last looked at it. The page is the product's own over the in-memory
//! backend, with the clock standing still, in the engine the product uses.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Key, Looks, Page, SCREEN, Scenario, Window, axe, checkout, test_id};
use std::path::Path;

/// Part of WebKitGTK.
const BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
/// A Monday morning, wherever the machine is.
const NOW: &str = "2026-03-02T09:30:00";

#[tokio::test]
#[ignore = "needs a display and the built page: run `cargo xtask e2e`"]
async fn every_view_looks_as_it_did() {
    let scenario = Scenario::of("looks", "fr_FR.UTF-8", Path::new(BROWSER)).unwrap();
    let page = Page::serve(&scenario).unwrap();
    let accept = std::env::var_os("GUICHET_E2E_ACCEPT").is_some();
    let mut looks = Looks::new(
        checkout().join("tests/e2e/looks"),
        scenario.pictures().join("seen"),
        accept,
    );
    // The desktop asks for less motion: the page must follow, and its pictures do not depend on their moment.
    let settings = scenario.folder().join("config/gtk-3.0");
    std::fs::create_dir_all(&settings).unwrap();
    std::fs::write(settings.join("settings.ini"), "[Settings]\ngtk-enable-animations=0\n").unwrap();
    let window = Window::open(&scenario, Path::new(BROWSER), &["--automation".into()])
        .await
        .unwrap();
    let console = Console { window };
    // Each language once, each theme once: what depends on one does not depend on the other.
    for (language, theme) in [("fr", "light"), ("en", "dark")] {
        // A page loaded again opens where it was; here each begins at the beginning.
        let forget = "sessionStorage.clear(); localStorage.clear();";
        console.window.goto(page.url()).await.unwrap();
        console.window.run(forget, Vec::new()).await.unwrap();
        let address = |more: &str| format!("{}/?now={NOW}&lang={language}&theme={theme}{more}", page.url());
        console.window.goto(&address("")).await.unwrap();
        views(&console, &mut looks, &format!("{language}-{theme}")).await;
        less_motion(&console).await;
        twice_as_big(&console, &mut looks, &format!("{language}-{theme}")).await;
        console.window.goto(&address("&room=on&alert=on")).await.unwrap();
        console.window.find(&test_id("alert")).await.unwrap();
        console.window.click(&test_id("room-button")).await.unwrap();
        console.window.find(&test_id("room-countdown")).await.unwrap();
        looks
            .look(&console.window, &format!("{language}-{theme}-room"))
            .await
            .unwrap();
        for (state, sign) in [
            ("offline", "banner-offline"),
            ("auth", "banner-auth"),
            ("busy", "gate"),
            ("first-run", "sign-in-url"),
            ("first-sync", "banner-first-sync"),
        ] {
            console.window.run(forget, Vec::new()).await.unwrap();
            console.window.goto(&address(&format!("&state={state}"))).await.unwrap();
            console.window.find(&test_id(sign)).await.unwrap();
            looks
                .look(&console.window, &format!("{language}-{theme}-{state}"))
                .await
                .unwrap();
        }
    }
    console.window.close().await.unwrap();
    assert!(
        looks.differences().is_empty(),
        "look at artifacts/e2e/looks/seen beside tests/e2e/looks; if it is meant, `cargo xtask e2e every_view --accept`:\n{}",
        looks.differences().join("\n")
    );
}

async fn views(console: &Console, looks: &mut Looks, prefix: &str) {
    let window = &console.window;
    let mut look = async |name: &str| looks.look(window, &format!("{prefix}-{name}")).await.unwrap();
    let click = async |id: &str| window.click(&test_id(id)).await.unwrap();
    let there = async |id: &str| window.find(&test_id(id)).await.map(|_| ()).unwrap();
    let escape = async || window.press(&[Key::Escape.into()]).await.unwrap();

    window.find("[data-testid^=\"queue-row-\"]").await.unwrap();
    look("queue").await;
    click("queue-export").await;
    there("queue-export-csv").await;
    look("queue-export").await;
    escape().await;
    for (button, dialog) in [("filter-open", "filter-dialog"), ("display-open", "display-dialog")] {
        click(button).await;
        there(dialog).await;
        look(dialog).await;
        escape().await;
        window.gone(&test_id(dialog)).await.unwrap();
    }
    window.click("[data-testid^=\"queue-row-\"]").await.unwrap();
    console.draft_saved().await.unwrap();
    look("ticket").await;
    click("composer-tab-task").await;
    there("composer-task-begin").await;
    look("ticket-task").await;
    click("composer-tab-followup").await;
    click("link-ticket").await;
    there("link-dialog").await;
    look("ticket-link").await;
    escape().await;
    window.gone(&test_id("link-dialog")).await.unwrap();
    console.search_box(">").await.unwrap();
    there("hit-command-new").await;
    look("commands").await;
    escape().await;
    escape().await;
    click("shortcuts-button").await;
    there("shortcuts").await;
    look("shortcuts").await;
    escape().await;
    click("new-ticket").await;
    there("new-ticket-title").await;
    look("new-ticket").await;
    click("knowledge-button").await;
    window.click("[data-testid^=\"article-hit-\"]").await.unwrap();
    window.find("[data-pane] [data-testid^=\"article-\"] h1").await.unwrap();
    look("knowledge").await;
    click("places-button").await;
    there("places-tree").await;
    look("places").await;
    click("figures-button").await;
    click("indicator-KPI5-open").await;
    there("indicator-KPI5-detail").await;
    look("figures").await;
    click("figures-tab-week").await;
    there("indicator-KPI1").await;
    look("figures-week").await;
    click("figures-tab-year").await;
    there("figures-penalties").await;
    look("figures-year").await;
    click("figures-tab-live").await;
    there("live-desk").await;
    look("figures-live").await;
    click("figures-tab-month").await;
    there("indicator-KPI1").await;
    click("review-button").await;
    there("review-rows").await;
    look("review").await;
    click("review-tab-log").await;
    there("event-add").await;
    look("log").await;
    click("drafts-button").await;
    there("drafts").await;
    look("drafts").await;
    click("outbox-button").await;
    there("outbox").await;
    look("outbox").await;
    click("settings-button").await;
    there("settings-language").await;
    look("settings").await;
    click("bell").await;
    there("notices").await;
    look("notices").await;
    escape().await;
}

/// Nothing moves for longer than an eye takes when less motion is asked for.
async fn less_motion(console: &Console) {
    let moving = "if (!matchMedia('(prefers-reduced-motion: reduce)').matches) return 'the desktop was not heard';
        document.getElementById('still')?.remove();
        const slow = (list) => list.split(',').some((time) => parseFloat(time) * (time.includes('ms') ? 1 : 1000) > 10);
        const found = [...document.querySelectorAll('*')].find((element) => {
          const style = getComputedStyle(element);
          return slow(style.transitionDuration) || slow(style.animationDuration);
        });
        return found ? found.outerHTML.slice(0, 200) : true";
    console.window.holds("nothing to move", moving).await.unwrap();
}

/// At twice the size (half the window's width) nothing is cut off sideways, and everything passes axe-core still.
async fn twice_as_big(console: &Console, looks: &mut Looks, prefix: &str) {
    let window = &console.window;
    let (width, height) = SCREEN;
    window.resize((width / 2, height)).await.unwrap();
    let axe = axe().unwrap();
    for screen in [
        "queue",
        "knowledge",
        "places",
        "review",
        "figures",
        "outbox",
        "settings",
    ] {
        window.click(&test_id(&format!("{screen}-button"))).await.unwrap();
        if screen == "queue" {
            window.click("[data-testid^=\"queue-row-\"]").await.unwrap();
            console.draft_saved().await.unwrap();
        }
        let fits = "const page = document.documentElement;
            return page.scrollWidth <= page.clientWidth ? true : `${page.scrollWidth} > ${page.clientWidth}`";
        window.holds("the page to fit", fits).await.unwrap();
        looks.look(window, &format!("{prefix}-twice-{screen}")).await.unwrap();
        let found = console.accessibility(&axe).await.unwrap();
        assert!(found.is_empty(), "{prefix}, {screen}, twice the size: {found:?}");
        if screen == "queue" {
            window.click(&test_id("back")).await.unwrap();
        }
    }
    window.resize(SCREEN).await.unwrap();
}

//! A PDF drawn in the real web view, under the window's real policy (no `eval`, no WebAssembly, a worker of our own).
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Key, Scenario, Server, test_id};

/// What stands on the page.
const LINE: &str = "Bon de commande 2026-0417";

/// A page with one line, in the system's own Helvetica.
fn pdf() -> Vec<u8> {
    let content = format!("BT /F1 24 Tf 60 760 Td ({LINE}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (nth, object) in objects.iter().enumerate() {
        places.push(pdf.len());
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", nth + 1));
    }
    let table = pdf.len();
    pdf.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in places {
        pdf.push_str(&format!("{place:010} 00000 n \n"));
    }
    pdf.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    ));
    pdf.into_bytes()
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e documents`"]
async fn a_pdf_on_a_ticket_is_drawn_and_read_without_leaving_the_window() {
    let scenario = Scenario::start("documents", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "200"]).unwrap();
    let ticket = server
        .colleague_writes("Commande à vérifier", "<p>Le bon suit.</p>")
        .await
        .unwrap();
    let file = scenario.folder().join("bon de commande.pdf");
    std::fs::write(&file, pdf()).unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    console.open_ticket("commande vérifier", ticket).await.unwrap();
    console.write("followup", "Le bon est joint.").await.unwrap();
    console.attach(&file).await.unwrap();
    console.send().await.unwrap();
    server.arrives_once("Document", "bon de commande").await.unwrap();

    // A document on the ticket, no longer a file that waits.
    let tile = "button[data-testid^=\"document-\"][aria-haspopup]";
    window.find(tile).await.unwrap();
    window.click(tile).await.unwrap();
    window
        .find("[data-testid=\"pdf-page-1\"][data-drawn=\"true\"]")
        .await
        .unwrap();
    window.text_with(&test_id("pdf-page-1"), LINE).await.unwrap();
    let ink = "const paper = document.querySelector('[data-page=\"1\"] canvas');
        const { data } = paper.getContext('2d').getImageData(0, 0, paper.width, paper.height);
        let dark = 0;
        for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 0 && data[at] < 96) dark++;
        return dark > 200 ? true : `${dark} dark pixels of ${paper.width} x ${paper.height}`;";
    window.holds("letters on the page", ink).await.unwrap();
    window.picture("pdf").await.unwrap();
    window.press(&[Key::Escape.into()]).await.unwrap();
    window.gone(&test_id("document-preview")).await.unwrap();
    window.find(&test_id(&format!("ticket-{ticket}"))).await.unwrap();
}

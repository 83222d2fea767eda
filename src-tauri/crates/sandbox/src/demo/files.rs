//! A few real documents on tickets: an image, a PDF, a text.

use super::{at, n, row, t};
use crate::glpi::{Glpi, cell::Cell, schema::Kind};
use sha1::{Digest as _, Sha1};

/// A text as people paste them.
const LOG: &str = "Journal du client VPN\r\n2026-10-30 08:41:12 connexion…\r\n2026-10-30 08:41:52 échec : Error -5 <timeout> \"gateway\"\r\n";

pub(super) fn fill(glpi: &mut Glpi) {
    let tickets = glpi.tickets();
    if tickets.len() < 30 {
        return;
    }
    let now = glpi.options().now;
    let kinds: [(&str, &str, Vec<u8>); 3] = [
        ("capture écran.png", "image/png", png(96, 64)),
        (
            "bon de commande.pdf",
            "application/pdf",
            pdf("Bon de commande n° 2026-0417"),
        ),
        ("journal vpn.txt", "text/plain", LOG.as_bytes().to_vec()),
    ];
    // One ticket in sixty, the newest among them, and never more than a few hundred.
    let step = (tickets.len() / 300).max(20);
    for (nth, ticket) in tickets.iter().rev().step_by(step).enumerate() {
        let (filename, mime, content) = &kinds[nth % kinds.len()];
        let sha1 = crate::glpi::hex(&Sha1::digest(content));
        let ending = filename.rsplit('.').next().unwrap_or("TXT").to_uppercase();
        let stamp = glpi
            .peek("Ticket", *ticket, "date")
            .and_then(|value| value.as_i64())
            .unwrap_or(now);
        let cells = vec![
            ("name", t(&format!("Pièce jointe du ticket {ticket}"))),
            ("filename", t(filename)),
            (
                "filepath",
                t(&format!("{ending}/{}/{}.{ending}", &sha1[..2], &sha1[2..])),
            ),
            ("mime", t(mime)),
            ("sha1sum", t(&sha1)),
            ("users_id", n(7)),
            ("entities_id", glpi.demo_table(Kind::Ticket).get(*ticket, "entities_id")),
            ("is_recursive", n(1)),
            ("date_mod", at(stamp)),
            ("date_creation", at(stamp)),
            ("tag", Cell::text(&format!("a65fe076-{}-{}", &sha1[..8], &sha1[8..22]))),
        ];
        let document = row(glpi, Kind::Document, cells);
        glpi.demo_file(&sha1, content.clone());
        let cells = vec![
            ("documents_id", n(document)),
            ("itemtype", t("Ticket")),
            ("items_id", n(*ticket)),
            ("users_id", n(7)),
            ("is_recursive", n(1)),
            ("date_mod", at(stamp)),
            ("date_creation", at(stamp)),
        ];
        row(glpi, Kind::DocumentItem, cells);
    }
}

/// A small picture: stored blocks, no compression, so that no codec is needed to write it.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut raw = Vec::new();
    for y in 0..height {
        raw.push(0);
        for x in 0..width {
            let stripe = (x / 12 + y / 12) % 2 == 0;
            raw.extend_from_slice(if stripe {
                &[0x1f, 0x4e, 0x79]
            } else {
                &[0xe8, 0xee, 0xf4]
            });
        }
    }
    let mut stream = vec![0x78, 0x01];
    let last = raw.len().div_ceil(0xffff);
    for (nth, block) in raw.chunks(0xffff).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(nth + 1 == last));
        stream.extend_from_slice(&length.to_le_bytes());
        stream.extend_from_slice(&(!length).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&adler(&raw).to_be_bytes());
    let mut header = Vec::new();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", header.as_slice()), (b"IDAT", &stream), (b"IEND", &[])] {
        png.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        let mut checked = name.to_vec();
        checked.extend_from_slice(data);
        png.extend_from_slice(&checked);
        png.extend_from_slice(&crc(&checked).to_be_bytes());
    }
    png
}

fn adler(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
        crc
    })
}

/// One page with one line.
fn pdf(line: &str) -> Vec<u8> {
    let line: String = line.chars().filter(char::is_ascii).collect();
    let content = format!("BT /F1 18 Tf 60 760 Td ({line}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_the_standard_ones() {
        assert_eq!(crc(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(&png(4, 4)[1..4], b"PNG");
        assert!(pdf("x").starts_with(b"%PDF-1.4"));
    }
}

//! `kpi`: the indicators from an evidence file, with no profile, no server and no display. The figures are worked out by hand
//! in the comments. June 2026: open 06:00–16:00 UTC (8–18 in Paris) on weekdays; the 2nd is a Tuesday.

use crate::harness::{Desk, Said, Server, command, run};
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A small month with something of everything.
fn evidence() -> Value {
    let ticket = |id: &str, priority: &str, created: &str, events: Value| {
        json!({
            "id": id, "type": "incident", "channel": "portal", "scope": "user", "priority": priority, "urgency": "medium",
            "blocking": false, "vip": false, "quote": null, "created_at": created, "events": events,
            "unknown": {"keys": ["are", "ignored"]},
        })
    };
    json!({
        "data_end": "2026-07-31T00:00:00Z",
        "tickets": [
            // Taken up after 15 min exactly, solved after 3 h exactly: KPI2 and KPI7 met, KPI4 hit.
            ticket("T1", "high", "2026-06-02T08:00:00Z", json!([
                {"at": "2026-06-02T11:00:00Z", "kind": "solved"},
                {"at": "2026-06-02T08:15:00Z", "kind": "taken_up"},
            ])),
            // 5 h, of which 1.5 h waiting: 3.5 h of own time > 3 h. KPI7 missed, and KPI4 by the wait.
            ticket("T2", "high", "2026-06-03T08:00:00Z", json!([
                {"at": "2026-06-03T08:05:00Z", "kind": "assigned", "level": 1},
                {"at": "2026-06-03T09:00:00Z", "kind": "waiting_started"},
                {"at": "2026-06-03T10:30:00Z", "kind": "waiting_ended"},
                {"at": "2026-06-03T13:00:00Z", "kind": "solved"},
            ])),
            // Never touched: KPI2 missed in June; its deadline is 30 June 11:00, so KPI7 missed in June as well.
            ticket("T3", "high", "2026-06-30T08:00:00Z", json!([])),
            ticket("T4", "high", "2026-06-02T08:00:00Z", json!([{"at": "2026-06-02T09:00:00Z", "kind": "merged"}])),
            ticket("T5", "high", "2026-06-02T08:00:00Z", json!([{"at": "2026-06-02T07:00:00Z", "kind": "solved"}])),
        ],
        "calls": [
            {"id": "C1", "direction": "inbound", "queue": "q", "offered_at": "2026-06-02T08:00:00Z",
             "answered_at": "2026-06-02T08:00:20Z", "ended_at": "2026-06-02T08:03:00Z"},
            {"id": "C2", "direction": "inbound", "queue": "q", "offered_at": "2026-06-02T08:00:00Z",
             "answered_at": null, "ended_at": "2026-06-02T08:00:04Z"},
        ],
    })
}

struct Files {
    folder: TempDir,
}

impl Files {
    fn new(evidence: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("evidence.json"), evidence.to_string()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `kpi` over the evidence, with a profile folder that must not be made.
    fn kpi(&self, arguments: &[&str]) -> Said {
        let mut command = command();
        command
            .env("HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .arg("kpi")
            .arg("--evidence")
            .arg(self.path("evidence.json"))
            .args(arguments);
        run(command, "")
    }
}

fn indicator<'a>(report: &'a Value, id: &str) -> &'a Value {
    let all = report["indicators"].as_array().unwrap();
    all.iter().find(|indicator| indicator["id"] == id).unwrap()
}

const VSGP: [&str; 4] = ["--contract", "vsgp", "--month", "2026-06"];

#[test]
fn the_json_report_has_the_figures_worked_out_by_hand() {
    let files = Files::new(&evidence());
    let said = files.kpi(&[&VSGP[..], &["--format", "json"]].concat()).ended(0);
    let report = said.json();
    assert_eq!(report["month"], "2026-06");
    assert_eq!(report["contract"], "vsgp");
    assert_eq!(report["indicators"].as_array().unwrap().len(), 25);
    let figures = |id: &str| {
        let one = indicator(&report, id);
        (
            one["numerator"].clone(),
            one["denominator"].clone(),
            one["value"].clone(),
            one["met"].clone(),
        )
    };
    // C1 in 20 s; C2 is left out.
    assert_eq!(figures("KPI1"), (json!(1), json!(1), json!(1.0), json!(true)));
    // T1 and T2 of T1, T2, T3.
    assert_eq!(figures("KPI2"), (json!(2), json!(3), json!(2.0 / 3.0), json!(false)));
    assert_eq!(figures("KPI3"), (json!(0), json!(0), json!(null), json!(null)));
    assert_eq!(figures("KPI4"), (json!(1), json!(2), json!(0.5), json!(false)));
    assert_eq!(figures("KPI7"), (json!(1), json!(3), json!(1.0 / 3.0), json!(false)));
    assert_eq!(indicator(&report, "KPI7")["missed"], json!(["T2", "T3"]));
    assert_eq!(indicator(&report, "KPI7")["penalty"], "P2");
    assert_eq!(indicator(&report, "KPI3")["penalty"], json!(null));
    assert_eq!(indicator(&report, "KPI7")["history"].as_array().unwrap().len(), 13);
    assert_eq!(indicator(&report, "KPI7")["history"][0]["month"], "2025-06");
    assert_eq!(
        report["excluded"],
        json!([{"id": "C2", "reason": "abandoned_early"}, {"id": "T4", "reason": "merged"}])
    );
    assert_eq!(
        report["rejected"],
        json!([{"id": "T5", "reason": "event_before_creation"}])
    );
    // The keys come in the interchange's order.
    assert!(
        said.out
            .starts_with(r#"{"month":"2026-06","contract":"vsgp","indicators":[{"id":"KPI1","numerator":1,"#)
    );
    // Nothing was made on the way.
    assert!(!files.path("data").exists());
}

#[test]
fn the_table_is_in_the_persons_language() {
    let files = Files::new(&evidence());
    let french = files.kpi(&VSGP).ended(0).out;
    for word in [
        "Indicateur",
        "66,66 %",
        "≥ 90,00 %",
        "Résolution au premier contact",
        "Écartés : 2",
        "Refusés : 1",
    ] {
        assert!(french.contains(word), "{word}: {french}");
    }
    let english = files.kpi(&[&VSGP[..], &["--lang", "en"]].concat()).ended(0).out;
    for word in ["Indicator", "66.66%", "Solved at first contact", "Left out: 2"] {
        assert!(english.contains(word), "{word}: {english}");
    }
}

/// What an independent reader finds in a workbook is what the report says.
fn same_figures(book: &Path, json: &Value) {
    let mut book: Xlsx<_> = calamine::open_workbook(book).unwrap();
    assert_eq!(
        book.sheet_names(),
        ["Indicators", "History", "Missed", "Left out", "Refused"]
    );
    let sheet = book.worksheet_range("Indicators").unwrap();
    let rows: Vec<&[Data]> = sheet.rows().skip(1).collect();
    let indicators = json["indicators"].as_array().unwrap();
    assert_eq!(rows.len(), indicators.len());
    for (row, told) in rows.iter().zip(indicators) {
        assert_eq!(row[2], Data::String(told["id"].as_str().unwrap().to_owned()));
        assert_eq!(row[4], Data::Float(told["numerator"].as_f64().unwrap()));
        assert_eq!(row[5], Data::Float(told["denominator"].as_f64().unwrap()));
        match told["value"].as_f64() {
            Some(value) => assert_eq!(row[6], Data::Float(value)),
            None => assert_eq!(row[6], Data::Empty),
        }
        assert_eq!(row[12], Data::Float(told["missed"].as_array().unwrap().len() as f64));
    }
    let history = book.worksheet_range("History").unwrap();
    assert_eq!(history.get_size().0, 1 + indicators.len() * 13);
    let of_indicators = indicators.iter().flat_map(|told| told["history"].as_array().unwrap());
    for (row, told) in history.rows().skip(1).zip(of_indicators) {
        assert_eq!(row[4], Data::Float(told["numerator"].as_f64().unwrap()));
        assert_eq!(row[5], Data::Float(told["denominator"].as_f64().unwrap()));
    }
}

#[test]
fn an_independent_reader_finds_the_same_figures_in_the_workbook() {
    let files = Files::new(&evidence());
    let json = files.kpi(&[&VSGP[..], &["--format", "json"]].concat()).ended(0).json();
    let book = files.path("kpi.xlsx");
    files
        .kpi(
            &[
                &VSGP[..],
                &["--format", "xlsx", "--lang", "en", "--output", book.to_str().unwrap()],
            ]
            .concat(),
        )
        .ended(0);
    same_figures(&book, &json);
}

#[test]
fn a_contract_of_ones_own_is_a_file() {
    let files = Files::new(&evidence());
    let contract = files.path("mine.toml");
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/contracts/vsgp.toml")).unwrap();
    // With 4 h instead of 3 T2 (3.5 h) is in time.
    let more = text
        .replacen("target = \"3 h\"", "target = \"4 h\"", 1)
        .replacen("id = \"vsgp\"", "id = \"mine\"", 1);
    std::fs::write(&contract, more).unwrap();
    let own = [
        "--contract",
        contract.to_str().unwrap(),
        "--month",
        "2026-06",
        "--format",
        "json",
    ];
    let report = files.kpi(&own).ended(0).json();
    assert_eq!(report["contract"], "mine");
    assert_eq!(indicator(&report, "KPI7")["numerator"], json!(2));
    // A mistake is told with its place: the time zone is on the line that says so.
    let line = text.lines().position(|line| line.starts_with("time_zone")).unwrap() + 1;
    std::fs::write(&contract, text.replacen("Europe/Paris", "Europe/Evry", 1)).unwrap();
    let error = &files.kpi(&own).ended(1).json()["error"];
    assert_eq!(error["code"], "contract_invalid");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("ligne {line}, colonne 13")), "{message}");
    assert!(message.contains("Europe/Evry"), "{message}");
}

#[test]
fn mistakes_have_a_code_a_cure_and_an_exit_code() {
    let files = Files::new(&evidence());
    let error = |said: Said| {
        let error = said.json()["error"].clone();
        assert!(!error["hint"].as_str().unwrap().is_empty());
        error
    };
    let unknown = files
        .kpi(&["--contract", "nobody", "--month", "2026-06", "--format", "json"])
        .ended(2);
    assert_eq!(error(unknown)["code"], "contract_unknown");
    files.kpi(&["--contract", "vsgp", "--month", "2026-13"]).ended(2);
    files.kpi(&["--contract", "vsgp"]).ended(2);
    files
        .kpi(&["--contract", "vsgp", "--month", "2026-06", "--format", "pdf"])
        .ended(2);

    let mut wrong = evidence();
    wrong["tickets"][1]["priority"] = json!("urgent");
    std::fs::write(files.path("evidence.json"), wrong.to_string()).unwrap();
    let told = error(files.kpi(&[&VSGP[..], &["--format", "json"]].concat()).ended(1));
    assert_eq!(told["code"], "evidence_record");
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains("tickets[1]") && message.contains("T2") && message.contains("priority"),
        "{message}"
    );

    std::fs::write(files.path("evidence.json"), "{}").unwrap();
    let told = error(files.kpi(&[&VSGP[..], &["--format", "json"]].concat()).ended(1));
    assert_eq!(told["code"], "evidence_no_data_end");
    std::fs::remove_file(files.path("evidence.json")).unwrap();
    let told = error(files.kpi(&[&VSGP[..], &["--format", "json"]].concat()).ended(1));
    assert_eq!(told["code"], "file_unreadable");
}

#[test]
fn what_the_desk_holds_gives_the_same_figures_as_its_own_exported_document() {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let server = Server::start("11", &data, 0, &[]);
    let early = desk.folder.path().join("early.json");
    let early = early.to_str().unwrap();
    let nothing = desk.run(&["kpi", "export-evidence", "--contract", "vsgp", "--output", early]);
    assert_eq!(nothing.ended(1).json()["error"]["code"], "evidence_nothing_read");
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    let open = desk.run(&["ticket", "list", "--view", "open"]).ended(0).json()["total"]
        .as_u64()
        .unwrap();
    // Everything from here on without the server.
    server.kill();
    let path = desk.folder.path().join("evidence.json");
    let file = path.to_str().unwrap();
    let by_hand = desk.folder.path().join("by_hand.json");
    let month = this_month(&desk);
    std::fs::write(
        &by_hand,
        json!({ "surveys": [{ "period": month, "note": 13, "scale": 20 }] }).to_string(),
    )
    .unwrap();
    let with = by_hand.to_str().unwrap();
    let told = desk.run(&[
        "kpi",
        "export-evidence",
        "--contract",
        "vsgp",
        "--with",
        with,
        "--output",
        file,
    ]);
    let told = told.ended(0).json();
    assert!(told["tickets"].as_u64().unwrap() >= open, "{told}");
    let gaps: Vec<&str> = told["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gap| gap.as_str().unwrap())
        .collect();
    assert!(gaps.contains(&"history") && gaps.contains(&"alerts"), "{gaps:?}");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        document["tickets"].as_array().unwrap().len() as u64,
        told["tickets"].as_u64().unwrap()
    );
    assert_eq!(document["surveys"][0]["note"].as_f64(), Some(13.0));

    let of_file = desk.run(&[
        "kpi",
        "--evidence",
        file,
        "--contract",
        "vsgp",
        "--month",
        &month,
        "--format",
        "json",
    ]);
    let of_desk = desk.run(&[
        "kpi",
        "--contract",
        "vsgp",
        "--month",
        &month,
        "--with",
        with,
        "--format",
        "json",
    ]);
    let (of_file, of_desk) = (of_file.ended(0).json(), of_desk.ended(0).json());
    assert_eq!(of_file, of_desk);
    let book = desk.folder.path().join("month.xlsx");
    desk.run(&[
        "kpi",
        "--contract",
        "vsgp",
        "--month",
        &month,
        "--with",
        with,
        "--format",
        "xlsx",
        "--lang",
        "en",
        "--output",
        book.to_str().unwrap(),
    ])
    .ended(0);
    same_figures(&book, &of_desk);
    assert_eq!(indicator(&of_desk, "KPI18")["value"].as_f64(), Some(0.65));
    let counted: f64 = of_desk["indicators"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|one| one["history"].as_array().unwrap())
        .filter_map(|month| month["denominator"].as_f64())
        .sum();
    assert!(counted > 10.0, "the demonstration's tickets count somewhere: {counted}");

    std::fs::write(&by_hand, r#"{"tickets": []}"#).unwrap();
    let refused = desk.run(&["kpi", "--contract", "vsgp", "--month", &month, "--with", with]);
    assert_eq!(refused.ended(1).json()["error"]["code"], "evidence_parts");
    desk.run(&["kpi", "--contract", "vsgp"]).ended(2);
}

/// The month of the desk's last round.
fn this_month(desk: &Desk) -> String {
    let path = desk.folder.path().join("any.json");
    let told = desk.run(&[
        "kpi",
        "export-evidence",
        "--contract",
        "vsgp",
        "--output",
        path.to_str().unwrap(),
    ]);
    told.ended(0).json()["data_end"].as_str().unwrap()[..7].to_owned()
}

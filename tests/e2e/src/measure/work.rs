//! A technician's gestures, one after another, each measured from the key or the click to the painted frame.

use super::{Memory, Painted, install, painted, weighed};
use crate::{
    console::{Console, test_id},
    error::{Error, Result},
    window::Window,
};
use fantoccini::key::Key;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// 200 texts as they are typed: the ten commonest words of the demonstration's tickets, the queries of the recall list, names,
/// places, telephone numbers, asset tags, numbers of tickets, pairs of words.
const QUERIES: &str = include_str!("queries.txt");
/// Lists worth changing between; the others are short or empty.
const VIEWS: [&str; 5] = ["mine", "unassigned", "open", "waiting", "all"];
/// Bytes of an interaction are counted this long after its frame: what follows it belongs to it.
const SETTLED: Duration = Duration::from_millis(600);
/// Between two looks at the memory.
const MEMORY_EVERY: Duration = Duration::from_secs(15);

/// Samples by name, in milliseconds unless the name says otherwise.
#[derive(Debug, Default)]
pub struct Figures {
    samples: BTreeMap<String, Vec<f64>>,
}

impl Figures {
    /// Adds one.
    pub fn add(&mut self, name: &str, value: f64) {
        self.samples.entry(name.to_owned()).or_default().push(value);
    }

    fn painted(&mut self, name: &str, one: Painted) {
        self.add(name, one.total);
        self.add(&format!("{name}: to the call"), one.before);
        self.add(&format!("{name}: command and IPC"), one.ipc);
        self.add(&format!("{name}: to the frame"), one.after);
        self.add(&format!("{name}: style and layout"), one.layout);
        self.add(&format!("{name}: painting"), one.paint);
        self.add(&format!("{name}: calls"), one.calls as f64);
    }

    /// Each with its number, median, 95th percentile and greatest.
    #[must_use]
    pub fn json(&self) -> Value {
        let one = |(name, samples): (&String, &Vec<f64>)| {
            let mut sorted = samples.clone();
            sorted.sort_by(f64::total_cmp);
            let [p50, p95, max] = [0.5, 0.95, 1.0].map(|share| {
                let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
                sorted.get(at).copied().unwrap_or_default()
            });
            (
                name.clone(),
                json!({ "n": sorted.len(), "p50": p50, "p95": p95, "max": max }),
            )
        };
        self.samples.iter().map(one).collect()
    }
}

/// A signed-in window at work.
pub struct Desk<'a> {
    console: &'a Console,
    figures: &'a mut Figures,
    dice: StdRng,
    written: u32,
}

impl<'a> Desk<'a> {
    /// Begins; the list must be on screen.
    pub async fn begin(console: &'a Console, figures: &'a mut Figures) -> Result<Self> {
        install(&console.window).await?;
        Ok(Self {
            console,
            figures,
            dice: StdRng::seed_from_u64(1),
            written: 0,
        })
    }

    fn window(&self) -> &'a Window {
        &self.console.window
    }

    async fn number(&self, script: &str) -> Result<i64> {
        let answer = self.window().run(script, Vec::new()).await?;
        answer
            .as_i64()
            .or_else(|| answer.as_f64().map(|number| number as i64))
            .ok_or_else(|| Error::Check(format!("{script}: {answer}")))
    }

    async fn focus_list(&self) -> Result<()> {
        let script = "document.querySelector('[data-testid=\"queue\"]').focus()";
        self.window().run(script, Vec::new()).await.map(|_| ())
    }

    /// What the web view and the display take by themselves: a key that changes one word, and a key that paints the whole
    /// window anew. The product has no use for the key: whatever it does elsewhere comes on top.
    pub async fn floor(&mut self, times: usize) -> Result<()> {
        for (name, style, word) in [
            (
                "a key that changes one word",
                "inset: auto 0 0 auto; width: 40px; height: 16px",
                true,
            ),
            ("a key that paints the window anew", "inset: 0", false),
        ] {
            let put = format!(
                "const box = document.createElement('div');
                 box.id = 'floor';
                 box.style.cssText = 'position: fixed; z-index: 1000; {style}';
                 document.body.append(box);
                 let n = 0;
                 window.__floor = (event) => {{
                   event.preventDefault();
                   n++;
                   if ({word}) box.textContent = String(n);
                   else box.style.background = n % 2 ? '#335' : '#533';
                   box.dataset.n = String(n);
                 }};
                 window.addEventListener('keydown', window.__floor, true);"
            );
            self.window().run(&put, Vec::new()).await?;
            for n in 1..=times {
                let done = "document.getElementById('floor').dataset.n === wanted";
                let one = painted(self.window(), "keydown", done, json!(n.to_string()), async || {
                    self.window().press(&[Key::F8.into()]).await
                })
                .await?;
                self.figures.add(name, one.total);
            }
            let take = "window.removeEventListener('keydown', window.__floor, true);
                document.getElementById('floor').remove();";
            self.window().run(take, Vec::new()).await?;
        }
        Ok(())
    }

    /// Another list, by its button.
    pub async fn change_view(&mut self, view: &str) -> Result<Painted> {
        let button = test_id(&format!("view-{view}"));
        let other = format!("return document.querySelector({button:?}).getAttribute('aria-pressed') !== 'true'");
        if self.window().run(&other, Vec::new()).await? != Value::Bool(true) {
            return Err(Error::Check(format!("{view} is shown already")));
        }
        let done = format!(
            "document.querySelector({button:?}).getAttribute('aria-pressed') === 'true' &&
             document.querySelector('[data-testid=\"queue-total\"]').textContent !== '' &&
             document.querySelector('[data-testid=\"queue\"] [aria-posinset=\"1\"]') !== null"
        );
        let one = painted(self.window(), "click", &done, Value::Null, async || {
            self.window().click_where(&button).await
        })
        .await?;
        self.figures.painted("change of view", one);
        Ok(one)
    }

    /// Every list in turn, so often.
    pub async fn change_views(&mut self, times: usize) -> Result<()> {
        for _ in 0..times {
            for view in VIEWS.iter().rev() {
                self.change_view(view).await?;
            }
        }
        Ok(())
    }

    /// The next page of the list by its key.
    pub async fn scroll(&mut self) -> Result<Painted> {
        self.focus_list().await?;
        let selected = "document.querySelector('[data-testid=\"queue\"]').getAttribute('aria-activedescendant')";
        let before = self.window().run(&format!("return {selected}"), Vec::new()).await?;
        let done = format!(
            "{selected} !== null && {selected} !== wanted && (() => {{
               const list = document.querySelector('[data-testid=\"queue\"]').getBoundingClientRect();
               const row = document.getElementById({selected})?.getBoundingClientRect();
               return row !== undefined && row.top >= list.top - 1 && row.bottom <= list.bottom + 1 &&
                 document.querySelector('[data-testid=\"queue\"] .row:not([data-testid])') === null;
             }})()"
        );
        let one = painted(self.window(), "keydown", &done, before, async || {
            self.window().press(&[Key::PageDown.into()]).await
        })
        .await?;
        self.figures.painted("scroll of a screen", one);
        Ok(one)
    }

    /// Opens the ticket after the selected one by the keyboard.
    pub async fn open_next(&mut self) -> Result<Painted> {
        self.focus_list().await?;
        self.window().press(&[Key::Down.into()]).await?;
        let selected =
            "const id = document.querySelector('[data-testid=\"queue\"]').getAttribute('aria-activedescendant');
            return Number(id?.split('-').at(-1) ?? 0)";
        let ticket = self.number(selected).await?;
        let one = painted(self.window(), "keydown", SHOWN, shown(ticket), async || {
            self.window().press(&[Key::Enter.into()]).await
        })
        .await?;
        self.figures.painted("open a ticket", one);
        Ok(one)
    }

    /// Opens a ticket somewhere in the list by a click.
    pub async fn open_anywhere(&mut self) -> Result<Painted> {
        let share: f64 = self.dice.random_range(0.0..0.98);
        let script = "const list = document.querySelector('[data-testid=\"queue\"]');
            list.scrollTop = list.scrollHeight * arguments[0];";
        self.window().run(script, vec![json!(share)]).await?;
        let row = "const list = document.querySelector('[data-testid=\"queue\"]').getBoundingClientRect();
            const rows = [...document.querySelectorAll('[data-testid^=\"queue-row-\"]')];
            const row = rows.find((row) => row.getBoundingClientRect().top > list.top + 100 &&
              row.getBoundingClientRect().bottom < list.bottom - 100 && row.getAttribute('aria-selected') !== 'true');
            return row ? Number(row.dataset.testid.split('-').at(-1)) : 0";
        let started = Instant::now();
        let ticket = loop {
            match self.number(row).await? {
                0 if started.elapsed() < Duration::from_secs(10) => tokio::time::sleep(Duration::from_millis(20)).await,
                0 => return Err(Error::Check("no row where the list was scrolled to".to_owned())),
                ticket => break ticket,
            }
        };
        let one = painted(self.window(), "click", SHOWN, shown(ticket), async || {
            self.window()
                .click_where(&test_id(&format!("queue-row-{ticket}")))
                .await
        })
        .await?;
        self.figures.painted("open a ticket", one);
        Ok(one)
    }

    /// One text in the search box, letter by letter.
    pub async fn search(&mut self, text: &str) -> Result<()> {
        self.window().press(&[Key::Control.into(), 'k']).await?;
        self.window().focused(&test_id("search-input")).await?;
        self.window().press(&[Key::Control.into(), 'a']).await?;
        let mut typed = String::new();
        for letter in text.chars() {
            typed.push(letter);
            let done = "document.querySelector('[data-testid=\"search-input\"]').value === wanted &&
                 document.querySelector('[data-testid=\"search-results\"]').getAttribute('aria-busy') === 'false'";
            let one = painted(self.window(), "keydown", done, json!(typed), async || {
                self.window().press(&[letter]).await
            })
            .await?;
            self.figures.painted("search, a keystroke", one);
        }
        self.window().press(&[Key::Escape.into()]).await?;
        self.window().press(&[Key::Escape.into()]).await
    }

    /// The fixed queries, or the first so many of them.
    pub async fn search_all(&mut self, most: usize) -> Result<()> {
        for text in QUERIES.lines().take(most) {
            self.search(text).await?;
        }
        Ok(())
    }

    /// Writes a follow-up on the open ticket and sends it.
    pub async fn answer(&mut self) -> Result<Painted> {
        self.written += 1;
        let text = format!("Bonjour, nous regardons ({}).", self.written);
        self.console.write("followup", &text).await?;
        self.console.draft_saved().await?;
        self.window()
            .run(
                "document.querySelector('[data-testid=\"composer-text\"]').focus()",
                Vec::new(),
            )
            .await?;
        let pending = "document.querySelectorAll('[data-testid^=\"pending-\"]').length";
        let before = self.number(&format!("return {pending}")).await?;
        let done =
            format!("{pending} > wanted || document.querySelector('[data-testid=\"composer-text\"]').value === ''");
        let one = painted(self.window(), "keydown", &done, json!(before), async || {
            // The modifier's own event must not be taken for the key.
            self.window().press(&[Key::Control.into(), Key::Enter.into()]).await
        })
        .await?;
        self.figures.painted("send an answer", one);
        if let Some(submit) = one.submit {
            self.figures.add("write acknowledged durably", submit);
        }
        Ok(one)
    }

    /// How many calls and bytes each gesture costs in all.
    pub async fn weigh(&mut self, times: usize) -> Result<()> {
        self.window().run("window.__measure.weigh(true)", Vec::new()).await?;
        let mut kept = Figures::default();
        std::mem::swap(self.figures, &mut kept);
        let mut weights = Figures::default();
        for _ in 0..times {
            for view in ["all", "open"] {
                self.change_view(view).await?;
                self.weigh_one("change of view", &mut weights).await?;
            }
            self.scroll().await?;
            self.weigh_one("scroll of a screen", &mut weights).await?;
            self.open_next().await?;
            self.weigh_one("open a ticket", &mut weights).await?;
            self.search("v").await?;
            self.weigh_one("search, a keystroke", &mut weights).await?;
        }
        std::mem::swap(self.figures, &mut kept);
        for (name, samples) in weights.samples {
            for value in samples {
                self.figures.add(&name, value);
            }
        }
        self.window()
            .run("window.__measure.weigh(false)", Vec::new())
            .await
            .map(|_| ())
    }

    async fn weigh_one(&self, name: &str, weights: &mut Figures) -> Result<()> {
        tokio::time::sleep(SETTLED).await;
        let (calls, bytes) = weighed(self.window()).await?;
        weights.add(&format!("{name}: all calls"), calls as f64);
        weights.add(&format!("{name}: IPC bytes"), bytes as f64);
        Ok(())
    }

    /// Works without a pause for so long, and looks at the memory of these programs from time to time: seconds since the
    /// beginning, then bytes of each.
    pub async fn work(&mut self, time: Duration, programs: &[u32]) -> Result<Vec<(f64, Vec<u64>)>> {
        let started = Instant::now();
        let mut looks: Vec<(f64, Vec<u64>)> = Vec::new();
        let mut round = 0_usize;
        let queries: Vec<&str> = QUERIES.lines().collect();
        while started.elapsed() < time {
            let due = looks.len() as u32 * MEMORY_EVERY;
            if started.elapsed() >= due {
                let memory = programs.iter().map(|program| Memory::of(*program).pss).collect();
                looks.push((started.elapsed().as_secs_f64(), memory));
            }
            match round % 6 {
                0 => self
                    .change_view(["all", "mine", "open"][round / 6 % 3])
                    .await
                    .map(|_| ())?,
                1 => self.scroll().await.map(|_| ())?,
                2 => self.open_next().await.map(|_| ())?,
                3 => self.search(queries[round / 6 % queries.len()]).await?,
                4 => self.open_anywhere().await.map(|_| ())?,
                // A closed ticket takes no answer.
                _ if round % 36 == 5 && self.window().count(&test_id("composer-send")).await? > 0 => {
                    self.answer().await.map(|_| ())?;
                }
                _ => {}
            }
            round += 1;
        }
        Ok(looks)
    }
}

/// The ticket asked for and its timeline are on screen.
const SHOWN: &str = "document.querySelector(wanted) !== null";

fn shown(ticket: i64) -> Value {
    json!(format!(
        "{} [data-testid=\"timeline\"]",
        test_id(&format!("ticket-{ticket}"))
    ))
}

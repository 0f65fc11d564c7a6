//! An outreach list as one printable page: the list first, then a sheet for each block. It asks nothing of any other host.

use std::fmt::Write;

use crate::layer::list::Paper;
use crate::layer::sheet::{Sheet, TITLE};
use crate::layer::sketch::{REACH, Sketch};
use crate::plan::outreach::reason::chance;
use crate::plan::outreach::words::readable;

/// How the page looks, on screen and on A4 or Letter.
const STYLE: &str = include_str!("sheets.css");

/// The page. Every text is escaped, whoever wrote it.
#[must_use]
pub fn page(paper: &Paper) -> String {
    let version = &paper.version;
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    put(&mut out, &format!("<title>Outreach list of {}</title>\n<style>\n{STYLE}</style>\n", version.date));
    out.push_str("</head>\n<body>\n<header>\n");
    put(&mut out, &format!("<p class=\"source\">{}</p>\n<h1>Outreach list</h1>\n", escaped(&paper.title)));
    put(
        &mut out,
        &format!(
            "<p>Priority blocks for support · version {} · {} review of {} · next review from {}</p>\n",
            version.number,
            escaped(&readable(version.review)),
            version.date,
            version.next_review()
        ),
    );
    if let Some(notice) = &paper.notice {
        put(&mut out, &format!("<p class=\"notice\">{}</p>\n", escaped(notice)));
    }
    out.push_str("</header>\n<main>\n");
    list(&mut out, paper);
    changes(&mut out, paper);
    let sketches = paper.sheets.iter().zip(&paper.names).zip(&paper.sketches);
    for ((sheet, (name, status)), sketch) in sketches {
        one(&mut out, sheet, (name, status), sketch);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn put(out: &mut String, text: &str) {
    out.push_str(text);
}

/// Text that is text wherever it stands in a page.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Marks that turn text around or hide it have no place in names.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                out.push(' ');
            }
            c => out.push(c),
        }
    }
    out
}

fn list(out: &mut String, paper: &Paper) {
    let version = &paper.version;
    let filled = format!(
        "<p>{} of {} {} taken. {}</p>\n",
        version.taken(),
        version.rules.capacity.amount(),
        version.rules.capacity.unit(),
        escaped(&paper.scored)
    );
    put(out, &filled);
    if paper.sheets.is_empty() {
        out.push_str("<p>No block has an incident that counts, so that none is assigned.</p>\n");
        return;
    }
    // Without files of areas the column would be empty.
    let areas = paper.sheets.iter().any(|sheet| !sheet.areas.is_empty());
    let head = if areas { "<th>Areas</th>" } else { "" };
    put(
        out,
        &format!(
            "<table>\n<thead><tr><th>#</th><th>Block</th>{head}<th>Status</th><th>Chance</th></tr></thead>\n<tbody>\n"
        ),
    );
    for (sheet, (name, status)) in paper.sheets.iter().zip(&paper.names) {
        let chance = sheet.entry.p.map_or_else(|| "–".to_owned(), chance);
        let names: Vec<&str> = sheet.areas.iter().flat_map(|(_, names)| names).map(String::as_str).collect();
        let names = if areas { format!("<td>{}</td>", escaped(&names.join(", "))) } else { String::new() };
        let row = format!(
            "<tr class=\"{}\"><td>{}</td><td><a href=\"#s{}\">{}</a></td>{names}<td class=\"s\">{}</td><td class=\"n\">{chance}</td></tr>\n",
            sheet.entry.status().word(),
            sheet.place,
            sheet.place,
            escaped(name),
            escaped(status),
        );
        put(out, &row);
    }
    out.push_str("</tbody>\n</table>\n");
    let n = version.made.top_n;
    let chance = format!(
        "<p class=\"small\">Chance: how likely the block is among the {n} highest-scored, by what is known of it. The list is for support; it says nothing of any person who lives or works there.</p>\n"
    );
    put(out, &chance);
    for (n, what) in [
        (version.passed_over, "blocks were passed over, since their households did not fit in"),
        (
            version.unweighed,
            "blocks with incidents are not on the list, since nobody says how many households they have",
        ),
    ] {
        if n > 0 {
            put(out, &format!("<p class=\"small\">{n} {what}.</p>\n"));
        }
    }
}

fn changes(out: &mut String, paper: &Paper) {
    if paper.version.number == 1 || paper.changes.is_empty() {
        return;
    }
    out.push_str("<section class=\"changes\">\n<h2>What changed</h2>\n<ul>\n");
    for change in &paper.changes {
        put(out, &format!("<li>{}</li>\n", escaped(change)));
    }
    out.push_str("</ul>\n</section>\n");
}

fn one(out: &mut String, sheet: &Sheet, (name, status): (&str, &str), sketch: &Sketch) {
    let head = format!(
        "<section class=\"sheet\" id=\"s{}\">\n<h2><span class=\"n\">{}</span> {}</h2>\n<p class=\"kind\">{} · {} · {}</p>\n",
        sheet.place,
        sheet.place,
        escaped(name),
        escaped(&capital(TITLE)),
        escaped(status),
        escaped(&sheet.entry.block),
    );
    put(out, &head);
    put(out, "<div class=\"two\">\n<dl>\n");
    let mut item = |term: &str, texts: &[String]| {
        if texts.is_empty() {
            return;
        }
        put(out, &format!("<dt>{term}</dt>\n"));
        for text in texts {
            put(out, &format!("<dd>{}</dd>\n", escaped(text)));
        }
    };
    item("Bounds", std::slice::from_ref(&sheet.bounds));
    let areas = sheet.areas.iter().filter(|(_, names)| !names.is_empty());
    let areas: Vec<String> = areas.map(|(kind, names)| format!("{kind}: {}", names.join(", "))).collect();
    item("Areas", &areas);
    let known = match &sheet.known_for[..] {
        [] => vec!["No kind of incident has three or more here.".to_owned()],
        known => known.to_vec(),
    };
    item("Known for", &known);
    item("When", sheet.peak_hours.as_slice());
    item("Near", &sheet.nearby);
    item("Why", std::slice::from_ref(&sheet.reason));
    item("Notes", &sheet.notes);
    out.push_str("</dl>\n");
    out.push_str(&svg(sketch));
    out.push_str("</div>\n<p class=\"unknown\">What is not known:</p>\n<ul class=\"unknown\">\n");
    for text in &sheet.not_known {
        put(out, &format!("<li>{}</li>\n", escaped(text)));
    }
    out.push_str("</ul>\n</section>\n");
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A drawing without words: the streets around, and the block.
fn svg(sketch: &Sketch) -> String {
    if sketch.own.is_empty() {
        return "<p class=\"small\">No place on the map is known.</p>\n".to_owned();
    }
    let far = |at: fn(&(f64, f64)) -> f64| {
        sketch.own.iter().flatten().map(|place| at(place).abs()).fold(0.0, f64::max) * 1.2
    };
    let (x, y) = (REACH[0].0.max(far(|p| p.0)), REACH[1].0.max(far(|p| p.1)));
    let mut out = format!(
        "<svg viewBox=\"{:.0} {:.0} {:.0} {:.0}\" role=\"img\" aria-label=\"The block among the streets around it, north at the top\">\n",
        -x,
        -y,
        2.0 * x,
        2.0 * y
    );
    let path = |lines: &[Vec<(f64, f64)>]| {
        let mut d = String::new();
        for line in lines.iter().filter(|line| line.len() > 1) {
            for (at, (east, north)) in line.iter().enumerate() {
                // Writing to a text cannot fail.
                let _written = write!(d, "{}{east:.1} {:.1}", if at == 0 { 'M' } else { 'L' }, -north);
            }
        }
        d
    };
    let _written = writeln!(out, "<path class=\"around\" d=\"{}\"/>", path(&sketch.around));
    let _written = writeln!(out, "<path class=\"own\" d=\"{}\"/>", path(&sketch.own));
    for place in sketch.own.iter().filter(|line| line.len() == 1) {
        let _written = writeln!(
            out,
            "<circle class=\"own\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"14\"/>",
            place[0].0, -place[0].1
        );
    }
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_wherever_it_stands() {
        let hostile = "<script>alert('x')</script>\" onload=\"y & \u{202e}z\u{0}";
        let told = escaped(hostile);
        assert_eq!(told, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload=&quot;y &amp;  z ");
    }

    #[test]
    fn a_block_without_a_place_has_no_drawing_and_numbers_are_finite() {
        assert!(svg(&Sketch::default()).contains("No place"));
        let node = Sketch { around: vec![vec![(-100.0, 0.0), (100.0, 0.0)]], own: vec![vec![(0.0, 0.0)]] };
        let drawn = svg(&node);
        assert!(drawn.contains("<circle") && drawn.contains("M-100.0 -0.0L100.0 -0.0"), "{drawn}");
        assert!(!drawn.contains("NaN") && !drawn.contains("inf\""));
    }
}

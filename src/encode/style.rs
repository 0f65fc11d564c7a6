//! How a layer is drawn, from its legend alone: a style for MapLibre over vector tiles, and one for QGIS.

use serde_json::{Value as Json, json};

use crate::layer::{Legend, LegendClass};

/// The map's background.
const PAPER: &str = "#f6f7f8";

/// Around points and polygons, so that the palest color stands out from the paper too.
const EDGE: &str = "#4a4038";

/// The legend as a document of its own.
#[must_use]
pub fn legend(layer: &str, legend: &Legend, notice: Option<&str>) -> Json {
    let class = |class: &LegendClass| json!({ "from": class.from, "to": class.to, "color": class.color, "label": class.label });
    json!({
        "layer": layer,
        "title": legend.title,
        "property": legend.property,
        "unit": legend.unit,
        "classes": legend.classes.iter().map(class).collect::<Vec<_>>(),
        "none": legend.none.as_ref().map(class),
        "notice": notice,
    })
}

/// The classes in steps of the property: the least value of each and its color; the first has no least value.
///
/// Values between the classes below 0 and those above it are none of both.
fn steps(legend: &Legend) -> (&'static str, Vec<(f64, &'static str)>) {
    let first = legend.none.as_ref().or(legend.classes.first()).map_or(EDGE, |class| class.color);
    let mut steps: Vec<(f64, &'static str)> =
        legend.classes.iter().filter_map(|class| Some((class.from?, class.color))).collect();
    let crosses = steps.iter().any(|(from, _)| *from < 0.0) && steps.iter().all(|(from, _)| *from != 0.0);
    if let Some(none) = legend.none.as_ref().filter(|_| crosses) {
        steps.push((0.0, none.color));
        steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    (first, steps)
}

/// The color of a feature as an expression of MapLibre's style.
fn color(legend: &Legend) -> Json {
    let (first, steps) = steps(legend);
    match legend.property.filter(|_| !steps.is_empty()) {
        None => legend.classes.first().map_or(first, |class| class.color).into(),
        Some(property) => {
            let mut all = vec![json!("step"), json!(["to-number", ["get", property], 0]), json!(first)];
            all.extend(steps.iter().flat_map(|(from, color)| [json!(from), json!(color)]));
            all.into()
        }
    }
}

/// What a layer is styled by: its name, its legend, and whether it has points, lines and polygons.
pub type Styled<'a> = (&'a str, &'a Legend, [bool; 3]);

/// A style of MapLibre (version 8) for layers of one source of tiles, described at `tilejson`.
///
/// Nothing is fetched from elsewhere: there are no glyphs and no sprite, so there are no labels.
#[must_use]
pub fn maplibre(name: &str, layers: &[Styled<'_>], tilejson: &str) -> Json {
    let mut drawn =
        vec![json!({ "id": "paper", "type": "background", "paint": { "background-color": PAPER } })];
    let is = |kind: &str| json!(["==", ["geometry-type"], kind]);
    let line_kinds = [is("LineString")];
    for kind in [2, 1, 0] {
        for (layer, legend, _) in layers.iter().filter(|(_, _, kinds)| kinds[kind]) {
            let color = color(legend);
            let mut add = |part: &str, form: &str, filter: &Json, paint: Json| {
                drawn.push(json!({
                    "id": format!("{layer}-{part}"),
                    "type": form,
                    "source": "hotblocks",
                    "source-layer": layer,
                    "filter": filter,
                    "paint": paint,
                }));
            };
            match kind {
                2 => {
                    let paint = json!({ "fill-color": color, "fill-opacity": 0.7 });
                    add("area", "fill", &is("Polygon"), paint);
                    let edge = json!({ "line-color": EDGE, "line-width": 0.6 });
                    add("edge", "line", &is("Polygon"), edge);
                }
                1 => {
                    let width = |more: f64| {
                        json!([
                            "interpolate",
                            ["exponential", 1.4],
                            ["zoom"],
                            11,
                            1.2 + more,
                            17,
                            8.0 + 2.0 * more
                        ])
                    };
                    let casing = json!({ "line-color": EDGE, "line-width": width(1.0) });
                    add("casing", "line", &line_kinds[0], casing);
                    let paint = json!({ "line-color": color, "line-width": width(0.0) });
                    add("line", "line", &line_kinds[0], paint);
                }
                _ => {
                    let radius = json!(["interpolate", ["linear"], ["zoom"], 11, 1.5, 17, 6]);
                    let paint = json!({
                        "circle-color": color,
                        "circle-radius": radius,
                        "circle-stroke-color": EDGE,
                        "circle-stroke-width": 0.5,
                    });
                    add("point", "circle", &is("Point"), paint);
                }
            }
        }
    }
    json!({
        "version": 8,
        "name": name,
        "sources": { "hotblocks": { "type": "vector", "url": tilejson } },
        "layers": drawn,
    })
}

/// A style of QGIS (`.qml`) for the features of a layer, with the same classes and colors.
#[must_use]
pub fn qml((_, legend, kinds): Styled<'_>) -> String {
    let (first, steps) = steps(legend);
    let mut rules = String::new();
    let mut symbols = String::new();
    let form = kinds.iter().rposition(|has| *has).unwrap_or(0);
    let mut rule = |at: usize, filter: &str, label: &str, color: &str| {
        rules.push_str(&format!(
            "      <rule key=\"r{at}\" symbol=\"{at}\" filter=\"{}\" label=\"{}\"/>\n",
            escaped(filter),
            escaped(label)
        ));
        symbols.push_str(&symbol(at, form, color));
    };
    match legend.property.filter(|_| !steps.is_empty()) {
        None => {
            let class = legend.classes.first();
            rule(0, "", class.map_or("", |class| &class.label), class.map_or(first, |class| class.color));
        }
        Some(property) => {
            let value = format!("coalesce(\"{property}\", 0)");
            let label = |color: &str| {
                let all = legend.classes.iter().chain(&legend.none);
                all.filter(|class| class.color == color)
                    .map(|class| class.label.as_str())
                    .next()
                    .unwrap_or("")
            };
            rule(0, &format!("{value} < {}", steps[0].0), label(first), first);
            for (at, (from, color)) in (1..).zip(&steps) {
                let below =
                    steps.get(at).map_or_else(String::new, |(next, _)| format!(" AND {value} < {next}"));
                rule(at, &format!("{value} >= {from}{below}"), label(color), color);
            }
        }
    }
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n\
         <qgis version=\"3.22\" styleCategories=\"Symbology\">\n  <renderer-v2 type=\"RuleRenderer\" symbollevels=\"0\" enableorderby=\"0\">\n    \
         <rules key=\"root\">\n{rules}    </rules>\n    <symbols>\n{symbols}    </symbols>\n  </renderer-v2>\n</qgis>\n"
    )
}

fn symbol(at: usize, form: usize, color: &str) -> String {
    let part = |from: usize| u8::from_str_radix(color.get(from..from + 2).unwrap_or("00"), 16).unwrap_or(0);
    let rgb = format!("{},{},{},255", part(1), part(3), part(5));
    let (kind, class, options) = match form {
        2 => (
            "fill",
            "SimpleFill",
            vec![("color", rgb.as_str()), ("outline_color", "74,64,56,255"), ("outline_width", "0.1")],
        ),
        1 => ("line", "SimpleLine", vec![("line_color", rgb.as_str()), ("line_width", "0.8")]),
        _ => (
            "marker",
            "SimpleMarker",
            vec![
                ("name", "circle"),
                ("color", rgb.as_str()),
                ("size", "1.6"),
                ("outline_color", "74,64,56,255"),
                ("outline_width", "0.1"),
            ],
        ),
    };
    let options: String = options
        .iter()
        .map(|(name, value)| {
            format!("            <Option type=\"QString\" name=\"{name}\" value=\"{value}\"/>\n")
        })
        .collect();
    format!(
        "      <symbol type=\"{kind}\" name=\"{at}\" alpha=\"1\" clip_to_extent=\"1\">\n        \
         <layer class=\"{class}\" enabled=\"1\" pass=\"0\" locked=\"0\">\n          <Option type=\"Map\">\n{options}          </Option>\n        </layer>\n      </symbol>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(from: f64, color: &'static str, label: &str) -> LegendClass {
        LegendClass { from: Some(from), to: None, color, label: label.to_owned() }
    }

    fn hot() -> Legend {
        Legend {
            property: Some("bin"),
            title: "Hot".to_owned(),
            unit: "",
            classes: vec![class(-1.0, "#0000ff", "cold"), class(1.0, "#ff0000", "hot & <high>")],
            none: Some(LegendClass { from: None, to: None, color: "#cccccc", label: "as chance".to_owned() }),
        }
    }

    #[test]
    fn what_lies_between_cold_and_hot_is_neither() {
        let (first, steps) = steps(&hot());
        assert_eq!(
            (first, &steps[..]),
            ("#cccccc", &[(-1.0, "#0000ff"), (0.0, "#cccccc"), (1.0, "#ff0000")][..])
        );
    }

    #[test]
    fn a_style_has_a_layer_for_each_kind_and_asks_nobody_else() {
        let legend = hot();
        let style =
            maplibre("hotspots", &[("hotspots", &legend, [true, true, true])], "http://h/xyz/hotspots.json");
        let ids: Vec<&str> =
            style["layers"].as_array().expect("layers").iter().filter_map(|l| l["id"].as_str()).collect();
        let names = ["area", "edge", "casing", "line", "point"].map(|part| format!("hotspots-{part}"));
        assert_eq!(ids[1..], names.each_ref().map(String::as_str));
        assert!(style.get("glyphs").is_none() && style.get("sprite").is_none());
        let color = &style["layers"][5]["paint"]["circle-color"];
        assert_eq!(color[0], "step");
        assert_eq!(color.as_array().expect("steps").len(), 3 + 2 * 3);
    }

    #[test]
    fn the_style_of_qgis_has_a_rule_and_a_symbol_for_each_class_and_is_well_formed() {
        let text = qml(("hotspots", &hot(), [false, true, false]));
        assert_eq!(
            (text.matches("<rule key=").count(), text.matches("<symbol type=\"line\"").count()),
            (4, 4)
        );
        assert!(text.contains("hot &amp; &lt;high&gt;") && text.contains("255,0,0,255"));
        assert!(text.contains("&gt;= -1 AND coalesce(&quot;bin&quot;, 0) &lt; 0"), "{text}");
        assert_eq!(text.matches("<Option type=\"Map\">").count(), text.matches("</Option>").count());
    }
}

//! The catalogue's pages: well formed, without dead links, and safe with hostile names and texts.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod system;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use headwater_schema::catalogue::{Page, pages};
use headwater_schema::{About, Contract};
use roxmltree::{Document, Node, ParsingOptions};

fn about() -> About {
    About {
        title: "New York's <flights>".to_owned(),
        version: "0.1.0".to_owned(),
        description: "Departures & arrivals, and the weather.".to_owned(),
        url: Some("https://github.com/headwater-rs/headwater".to_owned()),
        license: Some("MIT OR Apache-2.0".to_owned()),
        server: "127.0.0.1:4222".to_owned(),
    }
}

fn catalogue() -> Vec<Page> {
    pages(&about(), &system::contracts(), &system::events()).unwrap()
}

fn parse(page: &Page) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(&page.html, options)
        .unwrap_or_else(|error| panic!("{} isn't well formed: {error}", page.path.display()))
}

fn text(node: Node<'_, '_>) -> String {
    let text: String = node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `a/../b` is `b`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(normal.pop(), "{} leaves the catalogue", path.display()),
            part => normal.push(part),
        }
    }
    normal
}

#[test]
fn there_is_a_page_for_the_system_and_for_each_event_and_service() {
    let pages = catalogue();
    let paths: Vec<_> = pages.iter().map(|page| page.path.to_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "index.html",
            "events/flights.flight.boarded.html",
            "events/flights.flight.departed.html",
            "events/weather.station.observed.html",
            "services/flight-ops.html",
            "services/weather-station.html",
            "services/delay-stats.html",
            "services/departure-board.html",
        ]
    );
}

#[test]
fn every_link_leads_somewhere_and_no_place_is_there_twice() {
    let pages = catalogue();
    let mut places: BTreeMap<&Path, BTreeSet<String>> = BTreeMap::new();
    for page in &pages {
        let ids = places.entry(&page.path).or_default();
        for id in parse(page).descendants().filter_map(|node| node.attribute("id")) {
            assert!(ids.insert(id.to_owned()), "{id} is twice in {}", page.path.display());
        }
    }
    let mut checked = 0;
    for page in &pages {
        for href in parse(page).descendants().filter_map(|node| node.attribute("href")) {
            if href == "https://github.com/headwater-rs/headwater" {
                continue;
            }
            let (path, place) =
                href.split_once('#').map_or((href, None), |(path, place)| (path, Some(place)));
            let target = match path {
                "" => page.path.clone(),
                path => normal(&page.path.parent().unwrap().join(path)),
            };
            let ids = places.get(&*target).unwrap_or_else(|| panic!("{href} in {}", page.path.display()));
            assert!(place.is_none_or(|place| ids.contains(place)), "{href} in {}", page.path.display());
            checked += 1;
        }
        for node in parse(page).descendants() {
            for reference in
                ["aria-labelledby", "aria-describedby"].iter().filter_map(|name| node.attribute(*name))
            {
                assert!(places[&*page.path].contains(reference), "{reference} in {}", page.path.display());
            }
        }
    }
    assert!(checked > 60, "{checked} links");
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    for page in catalogue() {
        for node in parse(&page).descendants() {
            assert!(
                !["script", "link", "img", "iframe", "image", "use"].contains(&node.tag_name().name()),
                "{}",
                page.html
            );
            assert!(node.attribute("src").is_none() && node.attribute("style").is_none(), "{}", page.html);
        }
        assert!(!page.html.contains("url(") && !page.html.contains("@import"), "{}", page.html);
    }
}

#[test]
fn the_same_system_has_the_same_pages() {
    assert_eq!(catalogue(), catalogue());
}

#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    for page in catalogue() {
        let parsed = parse(&page);
        for node in parsed.descendants() {
            assert!(!["script", "b", "board", "flights"].contains(&node.tag_name().name()), "{}", page.html);
            assert!(node.attributes().all(|attribute| !attribute.name().starts_with("on")), "{}", page.html);
        }
    }
    let pages = catalogue();
    let event = pages.iter().find(|page| page.path.ends_with("flights.flight.departed.html")).unwrap();
    assert!(text(parse(event).root()).contains("<script>alert(\"a delay\")</script> & more."));

    let contract = "[service]\nname = \"x\"\nowner = \"\\\"><img src=x onerror=alert(1)>\"\n";
    let contract = Contract::parse(Path::new("<p>.toml"), contract).unwrap();
    let pages = super_hostile(contract);
    assert!(pages.iter().all(|page| !page.html.contains("<img")));
}

fn super_hostile(mut contract: Contract) -> Vec<Page> {
    contract.service.name.value = "../../etc/passwd\"><script>".to_owned();
    let pages = pages(&about(), &[contract], &system::events()).unwrap();
    for page in &pages {
        parse(page);
        assert!(
            page.path.components().all(|part| matches!(part, Component::Normal(_))),
            "{}",
            page.path.display()
        );
    }
    pages
}

#[test]
fn an_event_s_page_says_what_there_is_to_say() {
    let pages = catalogue();
    let page = pages.iter().find(|page| page.path.ends_with("flights.flight.departed.html")).unwrap();
    let parsed = parse(page);
    let main = parsed.descendants().find(|node| node.has_tag_name("main")).unwrap();
    insta::assert_snapshot!(lines(main));
}

#[test]
fn the_index_says_who_publishes_what_and_who_reads_it() {
    let pages = catalogue();
    let parsed = parse(&pages[0]);
    let main = parsed.descendants().find(|node| node.has_tag_name("main")).unwrap();
    insta::assert_snapshot!(lines(main));
}

#[test]
fn a_system_without_anything_has_a_page_too() {
    let pages = pages(&about(), &[], &[]).unwrap();
    assert_eq!(pages.len(), 1);
    parse(&pages[0]);
}

/// What a reader sees, a line for each row, heading and paragraph.
fn lines(main: Node<'_, '_>) -> String {
    const BLOCKS: [&str; 12] =
        ["h1", "h2", "h3", "h4", "p", "tr", "dt", "dd", "pre", "summary", "text", "path"];
    let is_block = |node: &Node<'_, '_>| BLOCKS.contains(&node.tag_name().name());
    let blocks = main.descendants().filter(is_block);
    let outermost = blocks.filter(|node| !node.ancestors().skip(1).any(|above| is_block(&above)));
    let line = |node: Node<'_, '_>| {
        let cells: Vec<_> =
            node.children().filter(|child| child.has_tag_name("td") || child.has_tag_name("th")).collect();
        let text = match cells.is_empty() {
            true => text(node),
            false => cells.into_iter().map(text).collect::<Vec<_>>().join(" | "),
        };
        format!("{:7} {text}", node.tag_name().name())
    };
    outermost.map(|node| line(node).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

//! What is exported, and what is compared with the services that are running on a real server.

use headwater_log::service::{Announced, Announcement, Connection, ContractCheck, Contracts};
use headwater_log::testkit::Server;
use serde_json::{Value, json};

use crate::command::run;
use crate::schema_system::System;

/// A reader of payments that runs, and takes this type of cents.
async fn running_reader(server: &Server, cents: &str) -> Announced {
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("test").await.unwrap();
    let announcement = json!({
        "format": 1,
        "service": "ledger",
        "version": "7.0.0",
        "instance": "l1",
        "started_at": "2026-03-01T12:00:00Z",
        "contract": { "path": "ledger/contract.toml", "text": "" },
        "subscribes": ["orders.order.paid@1"],
        "schemas": [{ "event": "orders.order.paid@1", "deserialize": {
            "type": "object", "properties": { "order": { "type": "string" }, "cents": { "type": cents } },
        }}],
    });
    let announcement = Announcement::from_json(announcement.to_string().as_bytes()).unwrap();
    Contracts::new(client, denials).announce(announcement, ContractCheck::Refuse).await.unwrap()
}

async fn announce_from_the_future(server: &Server) {
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("test").await.unwrap();
    let contracts = Contracts::new(client.clone(), denials);
    client.publish("$KV.HEADWATER_CONTRACTS.board.b1", r#"{ "format": 7 }"#.into()).await.unwrap();
    while contracts.running().await.unwrap().unreadable.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_workspace_is_exported_and_compared_with_what_is_running() {
    let server = Server::start().await.unwrap();
    let url = server.url();
    let system = System::new();
    // Without a registry nothing fits, and nothing is exported.
    for arguments in [&["asyncapi"][..], &["docs", "--output", "pages"], &["can-deploy", "--server", &url]] {
        let refused = system.schema(arguments);
        assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.err.contains("HW0005"), "{refused:?}");
    }
    system.schema(&["accept"]).done();

    let document: Value = serde_json::from_str(&system.schema(&["asyncapi"]).done()).unwrap();
    assert_eq!(document["channels"]["orders.order.paid"]["address"], "evt.orders.order.paid.{id}");
    let operations: Vec<_> = document["operations"].as_object().unwrap().keys().collect();
    assert_eq!(operations, ["report.receive.orders.order.paid", "shop.send.orders.order.paid"]);
    system.schema(&["asyncapi", "--output", "asyncapi.json"]).done();
    assert_eq!(serde_json::from_str::<Value>(&system.read("asyncapi.json")).unwrap(), document);

    let wrote = system.schema(&["docs", "--output", "pages", "--title", "Orders"]).done();
    assert_eq!(wrote, "wrote 4 pages; begin with pages/index.html\n");
    assert!(system.read("pages/index.html").contains("<h1>Orders</h1>"));
    assert!(system.read("pages/events/orders.order.paid.html").contains("../services/shop.html"));

    // Again, and the same.
    let pages =
        || ["index.html", "events/orders.order.paid.html"].map(|page| system.read(&format!("pages/{page}")));
    let before = pages();
    assert_eq!(system.schema(&["docs", "--output", "pages", "--title", "Orders"]).done(), wrote);
    assert_eq!(pages(), before);
    // A page of an event that is gone, and somebody's own page.
    let list = system.read("pages/pages.sha256");
    let digest = list.lines().find_map(|line| line.strip_suffix("  index.html")).unwrap();
    system.write("pages/events/orders.order.lost.html", &before[0]);
    system.write("pages/pages.sha256", &format!("{list}{digest}  events/orders.order.lost.html\n"));
    system.write("home/index.html", "my home page");
    let wrote = system.schema(&["docs", "--output", "pages", "--title", "Orders"]).done();
    assert!(wrote.starts_with("removed pages/events/orders.order.lost.html"), "{wrote}");
    let foreign = system.schema(&["docs", "--output", "home"]).failed(2);
    assert!(foreign.contains("home/index.html is there already"), "{foreign}");
    assert_eq!(system.read("home/index.html"), "my home page");

    // Nobody runs yet: a reader alone has nothing to read, which is only a warning.
    let can_deploy = system.schema(&["can-deploy", "report", "--server", &url]).done();
    assert!(can_deploy.contains("warning[HW0101]: report 0.1.0 reads orders.order.paid@1"), "{can_deploy}");
    assert!(
        can_deploy.ends_with("can deploy: compared 1 service with 0 running instances\n"),
        "{can_deploy}"
    );
    let can_deploy = system.schema(&["can-deploy", "--server", &url]).done();
    assert_eq!(can_deploy, "can deploy: compared 2 services with 0 running instances\n");

    let fits = running_reader(&server, "integer").await;
    let can_deploy = system.schema(&["can-deploy", "shop", "--server", &url]).done();
    assert_eq!(can_deploy, "can deploy: compared 1 service with 1 running instance\n");
    fits.close().await;

    let _does_not_fit = running_reader(&server, "string").await;
    let refused = system.schema(&["can-deploy", "--server", &url]);
    assert_eq!((refused.code, refused.err.as_str()), (Some(1), ""), "{refused:?}");
    insta::assert_snapshot!(refused.out);
    assert_eq!(system.schema(&["can-deploy", "report", "--server", &url]).code, Some(0));

    // The same from a file, without a server.
    let running = system.schema(&["can-deploy", "--list", "--format", "json", "--server", &url]).done();
    system.write("running.json", &running);
    let from_file = ["can-deploy", "shop", "--against-file", "running.json", "--format", "json"];
    let refused = system.schema(&from_file);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let findings: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!(findings[0]["code"], "HW0301");
    insta::assert_snapshot!(
        system.schema(&["can-deploy", "--list", "--against-file", "running.json"]).done()
    );

    let unknown = system.schema(&["can-deploy", "shopp", "--server", &url]).failed(2);
    assert!(unknown.ends_with("did you mean shop?\n"), "{unknown}");

    // Somebody runs whom this version doesn't understand, and who isn't said to fit.
    announce_from_the_future(&server).await;
    let refused = system.schema(&["can-deploy", "--server", &url]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let undecided = system.schema(&["can-deploy", "report", "--server", &url]);
    assert_eq!(undecided.code, Some(3), "{undecided:?}");
    let verdict =
        "can't tell, because of 1 unreadable announcement: compared 1 service with 1 running instance\n";
    assert!(undecided.out.ends_with(verdict), "{undecided:?}");
    let warning = "warning: what board.b1 has announced can't be read: it was written in format 7, and";
    assert!(undecided.err.starts_with(warning), "{undecided:?}");
    let listed = system.schema(&["can-deploy", "--list", "--format", "json", "--server", &url]);
    assert_eq!((listed.code, listed.out), (Some(3), running), "{}", listed.err);
}

#[test]
fn a_server_that_cannot_be_reached_is_no_verdict() {
    let dead =
        ["schema", "can-deploy", "--list", "--server", "nats://127.0.0.1:1", "--connect-timeout", "0.2"];
    let error = run(dead).failed(3);
    assert!(error.contains("no NATS server at nats://127.0.0.1:1"), "{error}");
    assert!(error.contains("--against-file"), "{error}");
    let error = run(["schema", "can-deploy", "--list", "--against-file", "/nowhere"]).failed(3);
    assert!(error.contains("/nowhere"), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let from_file = ["schema", "can-deploy", "--list", "--against-file", file.path().to_str().unwrap()];
    for text in ["", "{}", "[{}]", r#"[{ "format": 7 }]"#] {
        std::fs::write(file.path(), text).unwrap();
        let error = run(from_file).failed(3);
        assert!(error.contains("doesn't hold what `headwater schema can-deploy --list"), "{error}");
    }
}

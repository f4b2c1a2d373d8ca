//! Another repository, which uses the contracts and schemas of this one.

use crate::repository::{FETCHED, Repository};

#[test]
fn a_service_of_another_repository_is_checked_against_this_one() {
    let repository = Repository::copy();
    let other = repository.beside("other-repository");
    other.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"gate\"]\n\n\
         [workspace.dependencies]\n\
         gate = { path = \"gate\" }\n\
         reference = { path = \"../reference-workspace/schemas/reference\" }\n\
         flight-events = { path = \"../reference-workspace/events/flight-events\" }\n\
         headwater-schema-gate = { path = \"../reference-workspace/schemas/headwater-schema-gate\" }\n\
         headwater-subscriber = { path = \"../reference-workspace/subscribers/headwater-subscriber\" }\n\n\
         [profile.dev]\ndebug = false\nincremental = false\n",
    );
    other.write("Cargo.lock", &repository.read("Cargo.lock"));
    other.write(
        "gate/Cargo.toml",
        "[package]\nname = \"gate\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [build-dependencies]\nheadwater-schema-gate.workspace = true\nreference.workspace = true\n",
    );
    other.write(
        "gate/build.rs",
        "fn main() {\n    headwater_schema_gate::Gate::new().import(reference::BUNDLE).run();\n}\n",
    );
    other.write("gate/src/lib.rs", "");

    let on = ["new", "subscriber", "gate-times", "--owner", "ground", "--on", "flights.flight.departed@2"];
    let said = other.headwater(&on).done();
    assert!(said.starts_with("changed Cargo.toml\ncreated subscribers/gate-times/Cargo.toml\n"), "{said}");
    // With the versions that are there, also of what the gate alone doesn't need.
    other.write("Cargo.lock", &repository.read("Cargo.lock"));
    // It has no event of its own, and so no registry.
    other.check("gate-times").passes();
    let graph = other.headwater(&["schema", "graph"]).done();
    assert!(graph.contains("  published by headwater/flight-ops @2\n  read by gate-times @2, "), "{graph}");

    other.edit(
        "subscribers/gate-times/contract.toml",
        "\"flights.flight.departed\" = 2",
        "\"flights.flight.departed\" = 3",
    );
    other.check("gate-times").fails_with(&[
        "gate@0.1.0: [HW0101] gate-times subscribes to flights.flight.departed@3, which nobody publishes",
        "--> subscribers/gate-times/contract.toml:6:1",
        "published: @2 by flight-ops",
    ]);
    other.edit(
        "subscribers/gate-times/contract.toml",
        "\"flights.flight.departed\" = 3",
        "\"flights.flight.departed\" = 2",
    );

    // A day that passes in the other repository stops its own builds, and not those that have pinned it.
    repository.edit("publishers/weather-station/contract.toml", "2027-06-30", "2020-06-30");
    other.check("gate-times").fails_with(&["reference@0.1.0: [HW0404]"]);
    repository.write(FETCHED, "");
    other.check("gate-times").passes();
}

use headwater_contract::Code;
use headwater_schema::graph::System;

use crate::given::{Given as _, publisher, reader, service, system};

/// A system in which a check has something to say, and one much like it in which it hasn't.
pub(crate) struct Case {
    pub(crate) code: Code,
    pub(crate) fires: System,
    pub(crate) quiet: System,
}

const DEPARTED_1: &str = "\"flights.flight.departed\" = 1";
const DEPARTED_2: &str = "\"flights.flight.departed\" = 2";
const DEPARTED_3: &str = "\"flights.flight.departed\" = 3";
const ALL: &str = "\"flights.flight.departed\" = 1\n\"flights.flight.arrived\" = 1";

fn flight_ops(publishes: &str) -> headwater_contract::Contract {
    publisher("flight-ops", "flights", publishes)
}

fn delay_stats(subscribes: &str) -> headwater_contract::Contract {
    reader("delay-stats", subscribes)
}

fn departed(rest: &str) -> String {
    format!("\"flights.flight.departed\" = {{ version = 1, {rest} }}")
}

pub(crate) fn cases() -> Vec<Case> {
    let types = ["flights.flight.departed@1", "flights.flight.departed@2 upcasts"];
    let keeps =
        |name: &str, keeps: &str| service(name, &format!("\n[subscribes]\n{ALL}\n[keeps]\n{keeps}\n"));
    let unused_ok =
        |until| departed(&format!("unused_ok = {{ reason = \"the board follows\", until = \"{until}\" }}"));
    let external = |until| departed(&format!("external = {{ owner = \"airport-it\", until = \"{until}\" }}"));
    let sunset = |day| departed(&format!("sunset = \"{day}\""));
    vec![
        Case {
            code: Code::HW0101,
            fires: system([flight_ops(DEPARTED_2), delay_stats(DEPARTED_3)]).types(&types),
            quiet: system([flight_ops(DEPARTED_2), delay_stats(DEPARTED_2)]).types(&types),
        },
        Case {
            code: Code::HW0102,
            fires: system([flight_ops(DEPARTED_2), delay_stats(DEPARTED_1)]).types(&types),
            quiet: system([flight_ops(DEPARTED_1), delay_stats(DEPARTED_2)]).types(&types),
        },
        Case {
            code: Code::HW0103,
            fires: system([flight_ops("\"flights.flight.depatred\" = 2"), delay_stats(DEPARTED_2)])
                .types(&types),
            quiet: system([flight_ops("\"flights.flight.depatred\" = 2"), delay_stats(DEPARTED_2)]),
        },
        Case {
            code: Code::HW0104,
            fires: system([
                flight_ops(DEPARTED_1),
                publisher("weather-station", "weather", DEPARTED_1),
                delay_stats(DEPARTED_1),
            ]),
            quiet: system([
                flight_ops(DEPARTED_1),
                publisher("gate-control", "flights", DEPARTED_1),
                delay_stats(DEPARTED_1),
            ]),
        },
        Case {
            code: Code::HW0105,
            fires: system([publisher("flight-ops", "flight", DEPARTED_1), delay_stats(DEPARTED_1)]),
            quiet: system([flight_ops(DEPARTED_1), delay_stats(DEPARTED_1)]),
        },
        Case {
            code: Code::HW0106,
            fires: system([flight_ops(DEPARTED_1), delay_stats(DEPARTED_2)])
                .types(&["flights.flight.departed@1", "flights.flight.departed@2"]),
            quiet: system([flight_ops(DEPARTED_1), delay_stats(DEPARTED_2)]).types(&types),
        },
        Case {
            code: Code::HW0107,
            fires: system([
                flight_ops(DEPARTED_1),
                delay_stats(DEPARTED_1),
                headwater_contract::Contract {
                    path: "other/late/contract.toml".into(),
                    ..service(
                        "delay-stats",
                        "\n[subscribes]\n\"flights.flight.departed\" = 1\n[keeps]\nlate = \"x\"\n",
                    )
                },
            ]),
            quiet: system([flight_ops(DEPARTED_1), delay_stats(DEPARTED_1), reader("late", DEPARTED_1)]),
        },
        Case {
            code: Code::HW0201,
            fires: system([flight_ops(DEPARTED_1)]),
            quiet: system([flight_ops(DEPARTED_1)]).imports(delay_stats(DEPARTED_1)),
        },
        Case {
            code: Code::HW0202,
            fires: system([flight_ops(DEPARTED_1), delay_stats(DEPARTED_1)]).types(&types),
            quiet: system([flight_ops(DEPARTED_1), delay_stats(DEPARTED_2)]).types(&types),
        },
        Case {
            code: Code::HW0203,
            fires: system([flight_ops(&unused_ok("2027-03-01")), delay_stats(DEPARTED_1)]),
            quiet: system([flight_ops(&unused_ok("2027-03-01"))]),
        },
        Case {
            code: Code::HW0204,
            fires: system([
                flight_ops(ALL),
                keeps("delay-stats", "by_carrier = \"delays\""),
                keeps("late", "by_carrier = \"lateness\"\nby_airport = \"lateness\""),
            ]),
            quiet: system([
                flight_ops(ALL),
                keeps("delay-stats", "by_carrier = \"delays\""),
                keeps("board", "today = \"what is shown\""),
            ]),
        },
        Case {
            code: Code::HW0401,
            fires: system([flight_ops(&sunset("2027-01-14")), delay_stats(DEPARTED_1)]),
            quiet: system([flight_ops(&sunset("2027-01-15")), delay_stats(DEPARTED_1)]),
        },
        Case {
            code: Code::HW0402,
            fires: system([flight_ops(&sunset("2027-01-14"))]),
            quiet: system([flight_ops(&sunset("2027-01-15"))]),
        },
        Case {
            code: Code::HW0403,
            fires: system([flight_ops(&sunset("2027-01-15")), delay_stats(DEPARTED_1)]),
            quiet: system([
                flight_ops(&sunset("2027-01-15")),
                publisher("gate-control", "flights", DEPARTED_1),
                delay_stats(DEPARTED_1),
            ]),
        },
        Case {
            code: Code::HW0404,
            fires: system([flight_ops(&unused_ok("2027-01-14"))]),
            quiet: system([flight_ops(&unused_ok("2027-01-15"))]),
        },
        Case {
            code: Code::HW0405,
            fires: system([flight_ops(&external("2027-01-14"))]),
            quiet: system([flight_ops(&external("2027-01-15"))]),
        },
    ]
}

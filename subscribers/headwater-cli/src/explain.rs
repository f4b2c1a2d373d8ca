use std::io::{self, Write};

use clap::Args;
use headwater_schema::{Code, nearest};

use crate::schema::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, as in HW0101
    code: String,
}

impl Explain {
    /// Prints the page of a code.
    pub(crate) fn run(&self, out: &mut impl Write) -> io::Result<Outcome> {
        if let Some(code) = Code::find(&self.code) {
            out.write_all(code.page().as_bytes())?;
            return Ok(Outcome::Fine);
        }
        let wanted = self.code.to_ascii_uppercase();
        let ids = Code::all().iter().map(|code| code.id());
        let hint = match nearest(&wanted, ids) {
            Some(id) => format!("did you mean {id}?"),
            None => "codes look like HW0101; `docs/errors` has all of them".to_owned(),
        };
        writeln!(io::stderr(), "error: there is no code {}; {hint}", self.code)?;
        Ok(Outcome::Usage)
    }
}

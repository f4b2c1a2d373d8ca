use std::path::{Path, PathBuf};

use async_nats::ConnectOptions;

use super::ConnectError;

/// The files and settings that make a connection private.
#[derive(Default)]
pub(super) struct Tls {
    pub(super) ca: Option<PathBuf>,
    /// The client's own certificate and its key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    pub(super) first: bool,
}

impl Tls {
    pub(super) async fn apply(&self, mut options: ConnectOptions) -> Result<ConnectOptions, ConnectError> {
        // Whoever names a certificate means a private connection: a server that offers none is refused.
        if self.ca.is_some() || self.identity.is_some() || self.first {
            options = options.require_tls(true);
        }
        if self.first {
            options = options.tls_first();
        }
        if let Some(ca) = &self.ca {
            check_pem(ca, "CERTIFICATE-----").await?;
            options = options.add_root_certificates(ca.clone());
        }
        if let Some((certificate, key)) = &self.identity {
            check_pem(certificate, "CERTIFICATE-----").await?;
            check_pem(key, "PRIVATE KEY-----").await?;
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        Ok(options)
    }
}

/// The client library names no file in its errors, and takes one without a certificate for an empty list.
async fn check_pem(file: &Path, label: &str) -> Result<(), ConnectError> {
    let text =
        tokio::fs::read_to_string(file).await.map_err(|error| ConnectError::unreadable(file, &error))?;
    let label_is_there =
        text.lines().any(|line| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(label));
    if label_is_there {
        return Ok(());
    }
    let kind = label.trim_end_matches('-').to_lowercase();
    Err(ConnectError::bad_file(file, &format!("it holds no {kind} in PEM form")))
}

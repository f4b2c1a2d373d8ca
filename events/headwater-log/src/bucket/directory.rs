use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::fs::{self, File};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::digest::{Digest, token};
use super::info::Info;
use super::object::{INFO_BYTES_MAX, is_name};
use super::pace::{flush, read, write};
use super::{Bucket, BucketError, Object};

/// A bucket in a directory, for the embedded log. Processes may share it.
#[derive(Debug, Clone)]
pub struct DirectoryBucket {
    directory: PathBuf,
}

/// How long nothing may move on.
const PATIENCE: Duration = Duration::from_secs(30);

/// After what time a file that belongs to no object was left behind.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

const PIECE_BYTES: usize = 256 * 1024;

impl DirectoryBucket {
    /// Opens a directory, and makes it if it isn't there.
    ///
    /// # Errors
    ///
    /// [`BucketError::Unavailable`].
    pub async fn open(directory: impl AsRef<Path>) -> Result<Self, BucketError> {
        let bucket = Self { directory: directory.as_ref().to_owned() };
        fs::create_dir_all(&bucket.directory).await.map_err(|error| bucket.failed(error))?;
        Ok(bucket)
    }

    fn info_path(&self, name: &str) -> Result<PathBuf, BucketError> {
        if !is_name(name) {
            return Err(BucketError::Name { name: name.to_owned() });
        }
        Ok(self.directory.join(format!("{}.json", token(name))))
    }

    fn failed(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> BucketError {
        BucketError::Unavailable { bucket: self.directory.display().to_string(), source: source.into() }
    }

    fn damaged(&self, name: &str, problem: impl Into<String>) -> BucketError {
        let bucket = self.directory.display().to_string();
        BucketError::Damaged { bucket, name: name.to_owned(), problem: problem.into() }
    }

    fn no_object(&self, name: &str) -> BucketError {
        BucketError::NoObject { bucket: self.directory.display().to_string(), name: name.to_owned() }
    }

    async fn info(&self, name: &str) -> Result<Option<(Info, Timestamp)>, BucketError> {
        let path = self.info_path(name)?;
        let json = match fs::read(&path).await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| self.failed(error))?,
        };
        let info: Info = serde_json::from_slice(&json)
            .map_err(|error| self.damaged(name, format!("its description can't be read: {error}")))?;
        // What comes from a file must not name another directory.
        if info.nuid.contains(['/', '\\', '.']) {
            return Err(self.damaged(name, "its description names no file of the bucket"));
        }
        let changed = fs::metadata(&path).await.and_then(|metadata| metadata.modified());
        let put_at = changed.map_err(|error| self.failed(error))?;
        Ok(Some((info, Timestamp::try_from(put_at).unwrap_or_default())))
    }

    fn content_path(&self, nuid: &str) -> PathBuf {
        self.directory.join(format!("{nuid}.content"))
    }

    async fn write_content(
        &self,
        info: &mut Info,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<(), BucketError> {
        let mut file = File::create_new(self.content_path(&info.nuid)).await.map_err(|e| self.failed(e))?;
        let mut digest = Digest::default();
        loop {
            let piece = read(content, PIECE_BYTES, PATIENCE).await;
            let piece = piece.map_err(|source| BucketError::Source { name: info.name.clone(), source })?;
            if piece.is_empty() {
                break;
            }
            digest.update(&piece);
            file.write_all(&piece).await.map_err(|error| self.failed(error))?;
        }
        file.sync_all().await.map_err(|error| self.failed(error))?;
        info.size = digest.size;
        info.digest = digest.finish();
        Ok(())
    }

    /// Makes the object visible: a file gets its name when all of it is on the disk.
    async fn publish(&self, info: &Info) -> Result<(), BucketError> {
        let (draft, path) =
            (self.directory.join(format!("{}.draft", info.nuid)), self.info_path(&info.name)?);
        let written = async {
            let mut file = File::create_new(&draft).await?;
            file.write_all(&info.json()).await?;
            file.sync_all().await?;
            fs::rename(&draft, path).await?;
            File::open(&self.directory).await?.sync_all().await
        };
        written.await.map_err(|error| self.failed(error))
    }

    async fn infos(&self) -> Result<Vec<(Info, Timestamp)>, BucketError> {
        let mut infos = Vec::new();
        let mut files = fs::read_dir(&self.directory).await.map_err(|error| self.failed(error))?;
        while let Some(file) = files.next_entry().await.map_err(|error| self.failed(error))? {
            let Ok(json) = (match file.path().extension() {
                Some(extension) if extension == "json" => fs::read(file.path()).await,
                _ => continue,
            }) else {
                continue;
            };
            let Ok(info) = serde_json::from_slice::<Info>(&json) else {
                tracing::warn!(file = %file.path().display(), "an object is left out: its description can't be read");
                continue;
            };
            let put_at = file.metadata().await.and_then(|metadata| metadata.modified());
            let put_at = put_at.unwrap_or(SystemTime::UNIX_EPOCH);
            infos.push((info, Timestamp::try_from(put_at).unwrap_or_default()));
        }
        Ok(infos)
    }

    /// Removes files that belong to no object, and are old.
    async fn sweep(&self) -> Result<(), BucketError> {
        let mut old = Vec::new();
        let mut files = fs::read_dir(&self.directory).await.map_err(|error| self.failed(error))?;
        while let Some(file) = files.next_entry().await.map_err(|error| self.failed(error))? {
            let is_part = file.path().extension().is_some_and(|e| e == "content" || e == "draft");
            let changed = file.metadata().await.and_then(|metadata| metadata.modified());
            let age = changed.ok().and_then(|changed| changed.elapsed().ok());
            if is_part && age.is_some_and(|age| age >= ABANDONED_AFTER) {
                old.push(file.path());
            }
        }
        let known: HashSet<_> =
            self.infos().await?.iter().map(|(info, _)| self.content_path(&info.nuid)).collect();
        for path in old.into_iter().filter(|path| !known.contains(path)) {
            fs::remove_file(path).await.ok();
        }
        Ok(())
    }
}

#[async_trait]
impl Bucket for DirectoryBucket {
    async fn put(
        &self,
        name: &str,
        metadata: BTreeMap<String, String>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Object, BucketError> {
        self.info_path(name)?;
        let mut info = Info {
            name: name.to_owned(),
            bucket: String::new(),
            nuid: new_id(),
            size: 0,
            chunks: 1,
            digest: String::new(),
            metadata,
            deleted: false,
            options: None,
        };
        let bytes = info.json().len();
        if bytes > INFO_BYTES_MAX {
            return Err(BucketError::MetadataTooLarge { name: name.to_owned(), bytes });
        }
        let replaced = self.info(name).await.ok().flatten();
        let written = self.write_content(&mut info, content).await;
        if let Err(error) = match written {
            Ok(()) => self.publish(&info).await,
            failed => failed,
        } {
            fs::remove_file(self.content_path(&info.nuid)).await.ok();
            return Err(error);
        }
        if let Some((replaced, _)) = replaced {
            fs::remove_file(self.content_path(&replaced.nuid)).await.ok();
        }
        self.sweep().await.ok();
        let put_at = self.info(name).await?.map_or_else(Timestamp::now, |(_, put_at)| put_at);
        Ok(info.object(put_at))
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, BucketError> {
        let infos = self.infos().await?.into_iter().filter(|(info, _)| info.name.starts_with(prefix));
        // Of two in one moment, the one with the later id.
        let mut infos: Vec<_> = infos.collect();
        infos.sort_by(|(one, at), (other, other_at)| (other_at, &other.nuid).cmp(&(at, &one.nuid)));
        Ok(infos.into_iter().map(|(info, put_at)| info.object(put_at)).collect())
    }

    async fn get(
        &self,
        name: &str,
        target: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<Object, BucketError> {
        let Some((info, put_at)) = self.info(name).await? else { return Err(self.no_object(name)) };
        let mut file = match File::open(self.content_path(&info.nuid)).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let now = self.info(name).await?;
                let same = now.is_some_and(|(now, _)| now.nuid == info.nuid);
                return Err(if same {
                    self.damaged(name, "its content is missing")
                } else {
                    self.no_object(name)
                });
            }
            file => file.map_err(|error| self.failed(error))?,
        };
        let target_failed = |source| BucketError::Target { name: name.to_owned(), source };
        let mut digest = Digest::default();
        loop {
            let piece = read(&mut file, PIECE_BYTES, PATIENCE).await.map_err(|error| self.failed(error))?;
            if piece.is_empty() {
                break;
            }
            digest.update(&piece);
            write(target, &piece, PATIENCE).await.map_err(target_failed)?;
        }
        let digest = digest.finish();
        if digest != info.digest {
            return Err(self.damaged(name, format!("its digest is {digest} instead of {}", info.digest)));
        }
        flush(target, PATIENCE).await.map_err(target_failed)?;
        Ok(info.object(put_at))
    }

    async fn remove(&self, name: &str) -> Result<(), BucketError> {
        let path = self.info_path(name)?;
        let info = self.info(name).await.ok().flatten();
        match fs::remove_file(path).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(self.failed(error)),
            _ => {}
        }
        if let Some((info, _)) = info {
            fs::remove_file(self.content_path(&info.nuid)).await.ok();
        }
        Ok(())
    }
}

/// An id that no other object of the directory has: the time, the process, and a number.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let nanos = Timestamp::now().as_nanosecond();
    format!("{nanos:020}-{}-{:06}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use delay_stats::{DelayStats, DelayTable};
use departure_board::DepartureBoard;
use flight_ops::FlightFeed;
use headwater_log::service::{Exit, Failure, Shutdown};
use headwater_log::{EmbeddedLog, JetStreamConfig, JetStreamLog, Log};
use headwater_publisher::{FeedSummary, Published, Rate, RecordFeed, publish};
use headwater_subscriber::{Positions, Projection, Projector, ProjectorError, View};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use weather_station::WeatherFeed;

use crate::check::expected_delays;
use crate::options::{LogOption, Options};
use crate::progress::Progress;

/// The parts of the system, before they run.
pub(crate) struct System {
    log: Log,
    flights: FlightFeed,
    weather: WeatherFeed,
    board: Projector<DepartureBoard>,
    stats: Projector<DelayStats>,
    /// What the records hold, by separate code.
    expected: DelayTable,
    /// Removed at the end, unless the directory was named.
    _fresh: Option<TempDir>,
}

/// What is left when all has been published and applied.
pub(crate) struct Outcome {
    pub(crate) events: u64,
    pub(crate) published: u64,
    pub(crate) rows_skipped: u64,
    pub(crate) elapsed: Duration,
    pub(crate) board: Built<DepartureBoard>,
    pub(crate) stats: Built<DelayStats>,
    pub(crate) expected: DelayTable,
    _fresh: Option<TempDir>,
}

/// A projection that has caught up.
pub(crate) struct Built<P> {
    pub(crate) projection: Arc<P>,
    pub(crate) view: View,
    pub(crate) position: u64,
}

impl System {
    /// Opens everything, so that whatever is wrong with the options is said before anything runs.
    pub(crate) async fn open(options: &Options) -> Result<Self, Failure> {
        let records = options.records.as_deref();
        let (flights, weather) =
            (open_records::<FlightFeed>(records)?, open_records::<WeatherFeed>(records)?);
        let expected = expected_delays(records)?;
        let fresh = options.data.is_none().then(TempDir::new).transpose()?;
        let data = fresh.as_ref().map(TempDir::path).or(options.data.as_deref()).unwrap_or(Path::new("."));
        let log: Log = match &options.log {
            LogOption::Embedded => Arc::new(EmbeddedLog::open(data.join("log"))?),
            LogOption::Nats(connection) => {
                let client = connection.connect("all-in-one").await?;
                Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))
            }
        };
        // The publishers would do it too; this way no subscriber has to wait for them.
        for domain in [FLIGHTS, WEATHER] {
            log.open(&domain.parse()?).await?;
        }
        let projections = data.join("projections");
        let (board, stats) = (Projector::open(&projections)?, Projector::open(&projections)?);
        Ok(Self { log, flights, weather, board, stats, expected, _fresh: fresh })
    }

    /// Publishes everything, and waits until both projections have it; none when it was stopped before.
    pub(crate) async fn run(
        self,
        options: &Options,
        shutdown: &Shutdown,
    ) -> Result<Option<Outcome>, Failure> {
        let Self { log, flights, weather, board, stats, expected, _fresh } = self;
        let begin = Instant::now();
        let progress = Arc::new(Progress::new(&expected.total));
        let stop = CancellationToken::new();
        let mut board = Building::start(board, &log, &stop);
        let mut stats = Building::start(stats, &log, &stop);

        let rate = Rate::new(options.rate);
        let publishing = async {
            tokio::try_join!(
                feed(flights, &log, &rate, shutdown, &progress),
                feed(weather, &log, &rate, shutdown, &progress),
            )
        };
        let (flights, weather) = tokio::select! {
            published = publishing => published?,
            failure = board.failed() => return Err(failure),
            failure = stats.failed() => return Err(failure),
        };
        if shutdown.token().is_cancelled() {
            stop.cancel();
            board.finish().await?;
            stats.finish().await?;
            return Ok(None);
        }

        progress.message("waiting for the projections");
        let last = log.info(&FLIGHTS.parse()?).await?.last;
        let caught_up = tokio::select! {
            caught_up = async { tokio::try_join!(board.reaches(last), stats.reaches(last)) } => caught_up,
            () = shutdown.requested() => Err(Failure::from(io::Error::from(io::ErrorKind::Interrupted))),
        };
        let elapsed = begin.elapsed();
        progress.finish();
        stop.cancel();
        let (board, stats) = (board.finish().await?, stats.finish().await?);
        if shutdown.token().is_cancelled() {
            return Ok(None);
        }
        caught_up?;

        let weather_events = log.info(&WEATHER.parse()?).await?.last;
        Ok(Some(Outcome {
            events: last + weather_events,
            published: flights.summary.published + weather.summary.published,
            rows_skipped: flights.row_errors.count() + weather.row_errors.count(),
            elapsed,
            board,
            stats,
            expected,
            _fresh,
        }))
    }
}

const FLIGHTS: &str = "flights";
const WEATHER: &str = "weather";

/// A directory that holds no records is a bad option.
fn open_records<F: RecordFeed>(records: Option<&Path>) -> Result<F, Failure> {
    F::open(records).map_err(|error| Failure::new(Exit::Usage, &error))
}

async fn feed<F: RecordFeed + 'static>(
    feed: F,
    log: &Log,
    rate: &Rate,
    shutdown: &Shutdown,
    progress: &Arc<Progress>,
) -> Result<Published, Failure> {
    let (log, rate, stop, progress) =
        (log.clone(), rate.clone(), shutdown.token().clone(), Arc::clone(progress));
    // On a task of its own: reading the records takes time that the other feed shouldn't wait for.
    let publishing = tokio::spawn(async move {
        let mut told = 0;
        publish(feed, log, rate, stop, |summary: FeedSummary| {
            let handled = summary.published + summary.repeated + summary.rejected;
            progress.add(handled - told);
            told = handled;
        })
        .await
    });
    match publishing.await {
        Ok(published) => Ok(published?),
        Err(panicked) => Err(panicked.into()),
    }
}

/// A projection that is being built.
struct Building<P> {
    projection: Arc<P>,
    view: View,
    position: watch::Receiver<Positions>,
    running: JoinHandle<Result<(), ProjectorError>>,
}

impl<P: Projection> Building<P> {
    fn start(projector: Projector<P>, log: &Log, stop: &CancellationToken) -> Self {
        Self {
            projection: projector.projection(),
            view: projector.view(),
            position: projector.position(),
            running: tokio::spawn(projector.run(log.clone(), stop.clone())),
        }
    }

    /// Waits until the event at `sequence` of the flights' stream is committed.
    async fn reaches(&mut self, sequence: u64) -> Result<(), Failure> {
        // The sender is gone when the projector has ended, which `finish` reports.
        let _ = self.position.wait_for(|position| position.of(FLIGHTS) >= sequence).await;
        Ok(())
    }

    /// Waits until the projection halts, which it should not.
    async fn failed(&mut self) -> Failure {
        match (&mut self.running).await {
            Ok(Err(error)) => error.into(),
            Ok(Ok(())) => io::Error::other(format!("the projection {} has ended too early", P::NAME)).into(),
            Err(panicked) => panicked.into(),
        }
    }

    async fn finish(self) -> Result<Built<P>, Failure> {
        self.running.await??;
        let position = self.position.borrow().of(FLIGHTS);
        Ok(Built { projection: self.projection, view: self.view, position })
    }
}

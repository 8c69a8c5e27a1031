//! One connection between two devices, by WebRTC: made of an offer and an answer, used as two data
//! channels, and over when any part of it is. A session outlives its connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelInit};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCCertificate,
    RTCConfigurationBuilder, RTCIceGatheringState, RTCIceServer, RTCIceTransportPolicy,
    RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
};

use crate::frame::Frame;
use crate::hex::Hex;
use crate::relay::{Relay, can_relay};
use crate::signal::SDP_BYTES_MAX;

/// How long candidates are gathered, at most.
const GATHERING: Duration = Duration::from_secs(5);
/// How long nothing may be heard before the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(8);
/// How often something is said when there is nothing to say.
const KEEPALIVE: Duration = Duration::from_secs(2);
/// How often, and how many times, it is looked whether a last word arrived.
const GOODBYE: Duration = Duration::from_millis(50);
const GOODBYE_TURNS: usize = 20;
/// How much waits in a channel to be sent: more makes the stack slower, not faster.
const SEND_BYTES: usize = 512 * 1024;
/// The most frames that wait to be sent, or to be looked at. An honest device never has as many on
/// their way: what it may send is bounded by what was kept.
const FRAMES_MAX: usize = 2048;
/// How often what goes by a relay is looked after, while there is something and else; and for how many
/// turns after there was something.
const STIRRING: Duration = Duration::from_millis(3);
const RESTING: Duration = Duration::from_millis(50);
const STIRRING_TURNS: u32 = 100;
/// The most candidates that the other side may name.
const CANDIDATES_MAX: usize = 64;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// WebRTC says so.
    #[error("{0}")]
    Stack(#[from] webrtc::error::Error),
    /// The description of the other side is too long or names too many candidates.
    #[error("the other side described its end of the connection at too great length")]
    Description,
    /// The server's relay does not take us.
    #[error("the relay of the server does not answer, or refuses")]
    NoRelay,
}

/// What happens on a connection. All of it says which attempt it is about.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) attempt: u32,
    pub(crate) what: Happening,
}

#[derive(Debug)]
pub(crate) enum Happening {
    /// Both channels can be used.
    Open,
    /// A text frame.
    Text(BytesMut),
    /// A frame of the channel of files.
    Piece(BytesMut),
    /// It is over.
    Lost,
}

/// How connections are made.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) certificate: RTCCertificate,
    /// What the server offers to find a way.
    pub(crate) relays: Vec<Relay>,
    /// Whether our addresses may be shown to the other side.
    pub(crate) direct: bool,
    /// The addresses to send from.
    pub(crate) bind: Vec<String>,
}

/// Makes a certificate for one session, and its SHA-256.
pub(crate) fn certificate() -> Result<(RTCCertificate, Hex<32>), LinkError> {
    use webrtc::peer_connection::crypto::{SignatureScheme, default_provider};

    let provider = default_provider().map_err(|error| stack(&error))?;
    let crypto = provider.crypto();
    // Nothing that lasts is said in it.
    let params = rcgen::CertificateParams::new(vec!["kith".to_owned()]);
    let params = params.map_err(|error| stack(&error))?;
    let scheme = SignatureScheme::EcdsaP256Sha256;
    let certificate = RTCCertificate::generate(crypto, scheme, params)?;
    let named = certificate.get_fingerprints(crypto)?;
    let named = named.first().map(|one| format!("{} {}", one.algorithm, one.value));
    let fingerprint = named.and_then(|named| crate::handshake::fingerprint(&named));
    let fingerprint = fingerprint.ok_or_else(|| stack(&"the certificate has no SHA-256"))?;
    Ok((certificate, fingerprint))
}

fn stack(error: &dyn std::fmt::Display) -> LinkError {
    LinkError::Stack(webrtc::error::Error::Other(error.to_string()))
}

struct Listener {
    attempt: u32,
    happened: mpsc::Sender<Happened>,
    gathered: watch::Sender<bool>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Listener {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.send_replace(true);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        let is_over = matches!(
            state,
            RTCPeerConnectionState::Disconnected
                | RTCPeerConnectionState::Failed
                | RTCPeerConnectionState::Closed
        );
        if is_over {
            let lost = Happened { attempt: self.attempt, what: Happening::Lost };
            // Where it is full, those who read the channels say so.
            let _ = self.happened.try_send(lost);
        }
    }

    async fn on_data_channel(&self, channel: Arc<dyn DataChannel>) {
        // Nothing is said on channels that were not agreed on.
        let _ = channel.close().await;
    }
}

/// One connection.
pub(crate) struct Link {
    pub(crate) attempt: u32,
    peer: Arc<dyn PeerConnection>,
    texts: mpsc::Sender<String>,
    said: Arc<dyn DataChannel>,
    files: Arc<dyn DataChannel>,
    is_closed: Arc<AtomicBool>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

impl Link {
    /// Makes an offer, and our end of the connection.
    pub(crate) async fn offer(
        setup: &Setup,
        attempt: u32,
        happened: mpsc::Sender<Happened>,
    ) -> Result<(Self, String), LinkError> {
        let (link, gathered) = Self::open(setup, attempt, happened).await?;
        let offer = link.peer.create_offer(None).await?;
        link.peer.set_local_description(offer).await?;
        let sdp = link.described(gathered, setup.direct).await?;
        Ok((link, sdp))
    }

    /// Makes the answer to an offer, and our end of the connection.
    pub(crate) async fn answer(
        setup: &Setup,
        attempt: u32,
        sdp: &str,
        happened: mpsc::Sender<Happened>,
    ) -> Result<(Self, String), LinkError> {
        check(sdp)?;
        let (link, gathered) = Self::open(setup, attempt, happened).await?;
        let offer = RTCSessionDescription::offer(sdp.to_owned())?;
        link.peer.set_remote_description(offer).await?;
        let answer = link.peer.create_answer(None).await?;
        link.peer.set_local_description(answer).await?;
        let sdp = link.described(gathered, setup.direct).await?;
        Ok((link, sdp))
    }

    /// Takes the answer to our offer.
    pub(crate) async fn complete(&self, sdp: &str) -> Result<(), LinkError> {
        check(sdp)?;
        let answer = RTCSessionDescription::answer(sdp.to_owned())?;
        Ok(self.peer.set_remote_description(answer).await?)
    }

    async fn open(
        setup: &Setup,
        attempt: u32,
        happened: mpsc::Sender<Happened>,
    ) -> Result<(Self, watch::Receiver<bool>), LinkError> {
        let servers = setup.relays.iter().map(|relay| RTCIceServer {
            urls: relay.urls.clone(),
            username: relay.username.clone(),
            credential: relay.credential.clone(),
        });
        let policy = match setup.direct {
            true => RTCIceTransportPolicy::All,
            false => RTCIceTransportPolicy::Relay,
        };
        let configuration = RTCConfigurationBuilder::new()
            .with_ice_servers(servers.collect())
            .with_ice_transport_policy(policy)
            .with_certificates(vec![setup.certificate.clone()])
            .build();
        // There may be a better way than a relay: that is waited for, unless none else is wanted.
        let patience = if setup.direct { None } else { Some(Duration::ZERO) };
        let engine = SettingEngineBuilder::new()
            .with_relay_acceptance_min_wait(patience)
            .with_ice_timeouts(Some(SILENCE), Some(SILENCE), Some(KEEPALIVE))
            .build();
        let (gathered, when_gathered) = watch::channel(false);
        let listener = Listener { attempt, happened: happened.clone(), gathered };
        let peer = PeerConnectionBuilder::new()
            .with_configuration(configuration)
            .with_setting_engine(engine)
            .with_handler(Arc::new(listener))
            .with_udp_addrs(setup.bind.clone())
            .with_data_channel_send_buffer_limit(SEND_BYTES)
            .build()
            .await?;
        let peer: Arc<dyn PeerConnection> = Arc::new(peer);
        let texts = channel(&*peer, "texts", 0).await?;
        let files = channel(&*peer, "files", 1).await?;
        let (heard, is_closed) = (Arc::new(AtomicBool::new(true)), Arc::default());
        if can_relay(&setup.relays) {
            let channels = [Arc::clone(&texts), Arc::clone(&files)];
            tokio::spawn(stir(channels, Arc::clone(&heard), Arc::clone(&is_closed)));
        }
        let (sender, outgoing) = mpsc::channel(FRAMES_MAX);
        tokio::spawn(send(Arc::clone(&texts), outgoing));
        let said = Arc::clone(&texts);
        let reading = Reading { attempt, happened, heard };
        tokio::spawn(read(texts, reading.clone(), Happening::Text, true));
        tokio::spawn(read(Arc::clone(&files), reading, Happening::Piece, false));
        Ok((Self { attempt, peer, texts: sender, said, files, is_closed }, when_gathered))
    }

    /// Our end of the connection, with the candidates that were found in time.
    async fn described(
        &self,
        mut gathered: watch::Receiver<bool>,
        direct: bool,
    ) -> Result<String, LinkError> {
        // What was found until then is told, and may do.
        let _ = timeout(GATHERING, gathered.wait_for(|gathered| *gathered)).await;
        let description = self.peer.local_description().await;
        let description = description.ok_or_else(|| stack(&"there is no description"))?;
        if direct {
            return Ok(description.sdp);
        }
        relayed_only(&description.sdp).ok_or(LinkError::NoRelay)
    }

    /// Sends a text frame. Where that is not possible the connection is over.
    pub(crate) fn say(&self, frame: &Frame) -> bool {
        self.texts.try_send(frame.text()).is_ok()
    }

    /// Ends it after a last word, which is given a moment to arrive.
    pub(crate) fn goodbye(self) {
        self.say(&Frame::Bye {});
        tokio::spawn(async move {
            for _ in 0..GOODBYE_TURNS {
                tokio::time::sleep(GOODBYE).await;
                if self.texts.capacity() == FRAMES_MAX
                    && self.said.outstanding_bytes().await.unwrap_or(0) == 0
                {
                    break;
                }
            }
            self.close();
        });
    }

    /// Where pieces of files are sent.
    pub(crate) fn files(&self) -> Arc<dyn DataChannel> {
        Arc::clone(&self.files)
    }

    /// Ends it.
    pub(crate) fn close(&self) {
        if !self.is_closed.swap(true, Ordering::AcqRel) {
            let peer = Arc::clone(&self.peer);
            // It takes a while to say goodbye, and nobody waits for that.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { drop(peer.close().await) });
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

/// A channel of the number that both sides know.
async fn channel(
    peer: &dyn PeerConnection,
    label: &str,
    number: u16,
) -> Result<Arc<dyn DataChannel>, LinkError> {
    let init = RTCDataChannelInit { negotiated: Some(number), ..Default::default() };
    Ok(peer.create_data_channel(label, Some(init)).await?)
}

async fn send(channel: Arc<dyn DataChannel>, mut outgoing: mpsc::Receiver<String>) {
    while let Some(text) = outgoing.recv().await {
        if channel.send_text(&text).await.is_err() {
            return;
        }
    }
}

/// Where what is read goes.
#[derive(Clone)]
struct Reading {
    attempt: u32,
    happened: mpsc::Sender<Happened>,
    /// Whether anything came since it was looked at.
    heard: Arc<AtomicBool>,
}

/// Has the stack look again and again at what it has to send. What it makes of a packet that came by a
/// relay, and what it gives to one, it sends when it looks the next time, for which it waits as long as
/// nothing else happens.
async fn stir(
    channels: [Arc<dyn DataChannel>; 2],
    heard: Arc<AtomicBool>,
    is_closed: Arc<AtomicBool>,
) {
    let mut left = STIRRING_TURNS;
    while !is_closed.load(Ordering::Acquire) {
        tokio::time::sleep(if left > 0 { STIRRING } else { RESTING }).await;
        left = left.saturating_sub(1);
        let mut is_busy = heard.swap(false, Ordering::AcqRel);
        for channel in &channels {
            let Ok(waiting) = channel.outstanding_bytes().await else { return };
            is_busy |= waiting > 0;
        }
        if is_busy {
            left = STIRRING_TURNS;
        }
        // Nobody asks for what this sets; it is what makes the stack look.
        let [channel, _] = &channels;
        if channel.set_buffered_amount_low_threshold(0).await.is_err() {
            return;
        }
    }
}

async fn read(
    channel: Arc<dyn DataChannel>,
    Reading { attempt, happened, heard }: Reading,
    wrap: fn(BytesMut) -> Happening,
    says_open: bool,
) {
    while let Some(event) = channel.poll().await {
        heard.store(true, Ordering::Release);
        let what = match event {
            DataChannelEvent::OnOpen if says_open => Happening::Open,
            DataChannelEvent::OnMessage(message) => wrap(message.data),
            DataChannelEvent::OnClose => break,
            _ => continue,
        };
        // Whoever sends more than it was told to may be cut off.
        if happened.try_send(Happened { attempt, what }).is_err() {
            break;
        }
    }
    let _ = happened.send(Happened { attempt, what: Happening::Lost }).await;
}

/// Refuses a description that is longer than any that is needed.
fn check(sdp: &str) -> Result<(), LinkError> {
    let candidates = sdp.lines().filter(|line| line.starts_with("a=candidate:")).count();
    if sdp.len() > SDP_BYTES_MAX || candidates > CANDIDATES_MAX {
        return Err(LinkError::Description);
    }
    Ok(())
}

/// A description without any address of ours: its ways are those by a relay, which do not say from where
/// we reach that. Without any of these there is none.
fn relayed_only(sdp: &str) -> Option<String> {
    let (mut shown, mut is_there) = (String::with_capacity(sdp.len()), false);
    for line in sdp.lines() {
        if line.starts_with("a=candidate:") {
            if !line.contains(" typ relay") {
                continue;
            }
            is_there = true;
            let mut before = "";
            for (place, word) in line.split(' ').enumerate() {
                shown.push_str(if place == 0 { "" } else { " " });
                shown.push_str(match before {
                    "raddr" => "0.0.0.0",
                    "rport" => "0",
                    _ => word,
                });
                before = word;
            }
        } else {
            shown.push_str(line);
        }
        shown.push_str("\r\n");
    }
    is_there.then_some(shown)
}

/// A place for what happens on the connections of a session.
pub(crate) fn happenings() -> (mpsc::Sender<Happened>, mpsc::Receiver<Happened>) {
    mpsc::channel(FRAMES_MAX)
}

//! The client's connected socket, and what is known of the server: whether one is there.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::net;
use crate::screen;
use crate::stop::Stop;

/// A socket connected to a server: one thread receives on it, another sends.
///
/// A refusal (nobody is at the server's port) is reported to whichever thread's call comes next,
/// so what is known of it is kept here, for both.
#[derive(Debug)]
pub struct Connected {
    socket: UdpSocket,
    server: SocketAddr,
    /// Whether a refusal has come since the last [`Connected::send`].
    refused: AtomicBool,
    /// Whether the user knows that no server answers; reset when one does.
    told: AtomicBool,
    /// Whether the last word was heard, once it has been sent.
    last_heard: OnceLock<bool>,
}

impl Connected {
    /// A socket on any free port, connected to `server`.
    ///
    /// # Errors
    ///
    /// As [`net::connect`].
    pub fn to(server: SocketAddr) -> io::Result<Self> {
        Ok(Connected {
            socket: net::connect(server)?,
            server,
            refused: AtomicBool::new(false),
            told: AtomicBool::new(false),
            last_heard: OnceLock::new(),
        })
    }

    /// Sends `word` as one datagram. That it is sent does not say that it arrives.
    ///
    /// A word that cannot be sent is told of on standard error: the next one may go through.
    pub fn send(&self, word: &str) {
        self.note_pending_refusal(); // of an earlier word, not of this one
        self.refused.store(false, Ordering::SeqCst);
        self.try_to_send(word);
    }

    /// Sends the last word of a conversation. Only the first call sends; a call from another
    /// thread meanwhile waits for it, and has the same answer.
    ///
    /// # Errors
    ///
    /// [`Stop::Unheard`] if this word or the one before it was refused or could not be sent, as
    /// far as is known by now. UDP confirms nothing: without an error, it may be lost all the same.
    pub fn send_last(&self, word: &str) -> Result<(), Stop> {
        let heard = self.last_heard.get_or_init(|| {
            let sent = self.try_to_send(word);
            // On the same machine, a refusal of this word has already arrived.
            self.note_pending_refusal();
            sent && !self.refused.load(Ordering::SeqCst)
        });
        if *heard { Ok(()) } else { Err(Stop::Unheard) }
    }

    /// Receives one datagram into `buffer` and returns its size in bytes; blocks until one comes.
    /// `None` if there is none, but a refusal or another error that will pass.
    ///
    /// # Errors
    ///
    /// As [`net::unless_passing`].
    pub fn receive(&self, buffer: &mut [u8]) -> Result<Option<usize>, Stop> {
        let size = net::unless_passing(self.socket.recv(buffer), || self.note_refusal())?;
        if size.is_some() {
            self.told.store(false, Ordering::SeqCst);
        }
        Ok(size)
    }

    /// Notes a refusal that has arrived, and that no call has reported yet.
    fn note_pending_refusal(&self) {
        let pending = self.socket.take_error().unwrap_or_default();
        if pending.is_some_and(|error| net::is_refused(&error)) {
            self.note_refusal();
        }
    }

    /// Sends `word`, and says whether it went out.
    fn try_to_send(&self, word: &str) -> bool {
        let mut sent = self.socket.send(word.as_bytes());
        // Linux and macOS report the refusal of an *earlier* word here, and send nothing. That word
        // is lost. With the report taken, the same call sends; should it fail again, that is told.
        if sent.as_ref().is_err_and(net::is_refused) {
            self.note_refusal();
            sent = self.socket.send(word.as_bytes());
        }
        if let Err(error) = &sent {
            screen::note(format!("error: cannot send to {}: {error}", self.server));
        }
        sent.is_ok()
    }

    fn note_refusal(&self) {
        self.refused.store(true, Ordering::SeqCst);
        if !self.told.swap(true, Ordering::SeqCst) {
            net::tell_no_server(self.server);
        }
    }
}

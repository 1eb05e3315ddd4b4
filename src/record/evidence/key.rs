//! The key that the end of the chain is signed with: a file beside the ledger that only its owner
//! reads.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use tempfile::NamedTempFile;

use crate::hex;
use crate::record::error::LedgerError;
use crate::record::place::StoreSettings;

/// This node's key for signing.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    is_new: bool,
}

/// The public half of a key, which signatures are checked with: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub(super) [u8; 32]);

impl SigningKey {
    /// The key of a ledger. The first time it is made; from then on its file must be there.
    pub fn of_ledger(place: &StoreSettings) -> Result<Self, LedgerError> {
        let path = file(place);
        let failed = |what: String| LedgerError::Key { path: path.clone(), what };
        let (bytes, is_new) = match fs::read(&path) {
            Ok(bytes) => (bytes, false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = generate().map_err(failed)?;
                write(&path, &bytes).map_err(|error| failed(error.to_string()))?;
                (bytes, true)
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        let pair = Ed25519KeyPair::from_pkcs8(&bytes);
        let pair = pair.map_err(|_| failed("it holds no Ed25519 key in PKCS #8".to_owned()))?;
        Ok(Self { pair, is_new })
    }

    /// Whether it was made just now, so that nothing can have been signed with it.
    pub(super) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// The public half.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(self.pair.public_key().as_ref()) {
            *to = *from;
        }
        Fingerprint(bytes)
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.fingerprint())
    }
}

impl Fingerprint {
    /// Whether the owner of this key signed that.
    pub(super) fn signed(self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl FromStr for Fingerprint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = hex::decode(text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a key is 64 hexadecimal digits, as `ambidex ledger head` prints it")
    }
}

/// Where the key of a ledger is.
fn file(place: &StoreSettings) -> PathBuf {
    match place {
        StoreSettings::Sqlite(ledger) => {
            let mut name = ledger.as_os_str().to_owned();
            name.push(".signing-key");
            PathBuf::from(name)
        }
        StoreSettings::Postgres(settings) => settings.signing_key.clone(),
    }
}

fn generate() -> Result<Vec<u8>, String> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    let document = document.map_err(|_| "the system gave no random bytes".to_owned())?;
    Ok(document.as_ref().to_vec())
}

/// Whole or not at all. A temporary file is its owner's only, and stays so.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

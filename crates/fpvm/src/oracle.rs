//! The preimage oracle over a VM's file descriptors.

use crate::system::{Aligned, Channel, read_answer, read_preimage, write, write_key};
use alloc::vec::Vec;
use alloy_primitives::Bytes;
use kohala_preimage::{Hint, Key, Oracle, WrongPreimage};

/// The host of the VM, which answers on file descriptors 3 to 6.
///
/// The wire protocol is that of [`kohala_preimage::Client`], written for what a VM's calls can take at once: all of a hint,
/// and of keys and preimages to the end of an aligned word (cannon) or leaf (asterisc).
#[derive(Clone, Copy, Debug)]
pub struct HostOracle;

impl Oracle for HostOracle {
    type Error = WrongPreimage;

    fn hint(&mut self, hint: &Hint) -> Result<(), WrongPreimage> {
        let text = hint.text();
        let mut message = Vec::with_capacity(4 + text.len());
        message.extend_from_slice(&(text.len() as u32).to_be_bytes());
        message.extend_from_slice(text.as_bytes());
        write(Channel::HintWrite, &message);
        read_answer();
        Ok(())
    }

    fn get(&mut self, key: Key) -> Result<Bytes, WrongPreimage> {
        write_key(&Aligned(*key.as_bytes()));
        let mut len = Aligned([0; 8]);
        // SAFETY: eight aligned bytes, which every preimage begins with.
        unsafe { read_preimage(len.0.as_mut_ptr(), 8) };
        let len = u64::from_be_bytes(len.0) as usize;
        let mut value = Vec::<u8>::with_capacity(len);
        // SAFETY: the allocator gives memory that is aligned to eight; as many bytes follow as the first eight say.
        unsafe {
            read_preimage(value.as_mut_ptr(), len);
            value.set_len(len);
        }
        Ok(value.into())
    }
}

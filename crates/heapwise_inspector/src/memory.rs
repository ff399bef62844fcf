//! Reads words that may not be there: what a pointer of unknown worth points to.
//!
//! Invariant: nothing here faults, whatever the address. Where the system does not allow it, everything is absent.

use heapwise_cpython::objects::Address;

/// The words at an address; `None` if it is not aligned or not all of them can be read.
pub(crate) fn words<const COUNT: usize>(address: Address) -> Option<[Address; COUNT]> {
    let mut words = [0; COUNT];
    read_into(address, &mut words).then_some(words)
}

/// Fills a row of words from an address.
pub(crate) fn read_into(address: Address, words: &mut [Address]) -> bool {
    if address == 0 || !address.is_multiple_of(align_of::<Address>()) {
        return false;
    }
    let length = size_of_val(words);
    let local = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: length };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length };
    // SAFETY: the kernel writes at most `length` bytes into the row, and checks the other address.
    let read =
        unsafe { libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read) == Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_read_and_what_is_not_is_absent() {
        let row = [1usize, 2, 3];
        assert_eq!(words(row.as_ptr() as Address), Some([1, 2, 3]));
        assert_eq!(words::<1>(0), None);
        assert_eq!(words::<1>(8), None);
        assert_eq!(words::<1>(row.as_ptr() as Address + 1), None);
        assert_eq!(words::<1>(usize::MAX - 7), None);
    }
}

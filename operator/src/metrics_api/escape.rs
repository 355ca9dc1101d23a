//! Texts as they stand in a URL.

/// What is meant; none if it is not escaped as it should be.
pub fn read(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut letters = text.bytes();
    while let Some(letter) = letters.next() {
        bytes.push(if letter == b'%' { hex(letters.next()?)? << 4 | hex(letters.next()?)? } else { letter });
    }
    String::from_utf8(bytes).ok()
}

fn hex(letter: u8) -> Option<u8> {
    u8::try_from(char::from(letter).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_read_and_nothing_else() {
        assert_eq!(read("a%2Ab%2f").as_deref(), Some("a*b/"));
        assert_eq!(["%", "%2", "%zz", "%+1", "%ff"].map(read), [const { None }; 5]);
    }
}

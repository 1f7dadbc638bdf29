//! The little of XML that AWS's query protocol needs: the text of flat elements.

/// The text of the first element of that name.
pub fn text(document: &str, element: &str) -> Option<String> {
    texts(document, element).into_iter().next()
}

/// The texts of all elements of that name, in order.
pub fn texts(document: &str, element: &str) -> Vec<String> {
    blocks(document, element).into_iter().map(unescape).collect()
}

/// What is between each start and end of that element. Elements of one name must not be nested.
pub fn blocks<'a>(document: &'a str, element: &str) -> Vec<&'a str> {
    let (start, end) = (format!("<{element}>"), format!("</{element}>"));
    document.split(&start).skip(1).filter_map(|rest| rest.split_once(&end).map(|(inside, _)| inside)).collect()
}

/// Text as it is written between elements.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_read_back_as_they_were_written() {
        let document = format!("<A><Key>k</Key><Value>{}</Value></A><A><Key>l</Key></A>", escape("a < \"b\" & c"));
        assert_eq!(texts(&document, "Key"), ["k", "l"]);
        assert_eq!(text(&document, "Value").as_deref(), Some("a < \"b\" & c"));
        assert_eq!(blocks(&document, "A").len(), 2);
        assert_eq!(text(&document, "Missing"), None);
    }
}

//! The guide: pages to read beside the programs, here or on the repository's
//! site.
//!
//! 1. [From the article to this](from_the_article): the article's server in
//!    Rust, what goes wrong with it, and how we fixed it.
//! 2. [The protocol](protocol): what is in a datagram and what it means.
//! 3. [Sockets, seen from the outside](sockets): the system calls, and what
//!    UDP doesn't promise.
//! 4. [For teachers](teachers): plans, preparation, questions and exercises.
//! 5. [中文讲义](zh): the guide in Chinese.

// A page links to the others by reference and defines the file of each link at
// its end. `links.md` comes first and defines the links of the docs, because
// the first definition counts.
macro_rules! pages {
    ($($module:ident: $file:literal),+ $(,)?) => {$(
        #[doc = concat!(include_str!("guide/links.md"), include_str!($file))]
        pub mod $module {}
    )+};
}

pages! {
    from_the_article: "guide/from-the-article.md",
    protocol: "guide/protocol.md",
    sockets: "guide/sockets.md",
    teachers: "guide/teachers.md",
    zh: "guide/zh.md",
}

//! The guide: pages to read beside the programs, here or on the repository's
//! site.
//!
//! 1. [From the article to our program](from_the_article): run the article's
//!    chat and break it.
//! 2. [The protocol](protocol): what is in a datagram and what it means.
//! 3. [Sockets, seen from the outside](sockets): the system calls, and what UDP
//!    doesn't promise.
//! 4. [The lab](lab): write the sockets yourself.
//! 5. [Nothing arrives?](trouble): help for the LAN.
//! 6. [For teachers](teachers): plans, preparation, answers, grading.
//! 7. In Chinese: [讲义](zh_lesson), [实验与练习](zh_lab) and
//!    [速查](zh_reference).

// An excerpt may end inside a block.
#![allow(rustdoc::invalid_rust_codeblocks)]

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
    lab: "guide/lab.md",
    trouble: "guide/trouble.md",
    teachers: "guide/teachers.md",
    zh_lesson: "guide/zh/lesson.md",
    zh_lab: "guide/zh/lab.md",
    zh_reference: "guide/zh/reference.md",
}

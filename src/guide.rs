//! The guide: pages to read beside the programs, here or on the repository's
//! site.
//!
//! 1. [The lesson](lesson): build a chat, then break it.
//! 2. [The lab](lab): write the sockets yourself.
//! 3. [The reference](mod@reference): help for the LAN, errors, rules and
//!    figures.
//! 4. [For teachers](teachers): plans, preparation, answers, grading.
//! 5. In Chinese: [讲义](zh_lesson), [实验与练习](zh_lab), [速查](zh_reference)
//!    and [教师手册](zh_teachers).

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
    lesson: "guide/lesson.md",
    lab: "guide/lab.md",
    reference: "guide/reference.md",
    teachers: "guide/teachers.md",
    zh_lesson: "guide/zh/lesson.md",
    zh_lab: "guide/zh/lab.md",
    zh_reference: "guide/zh/reference.md",
    zh_teachers: "guide/zh/teachers.md",
}

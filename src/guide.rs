//! The guide: pages to read with the programs at hand, in a browser or on the
//! repository's site.
//!
//! 1. [From the article to this](from_the_article): the article's server in
//!    Rust, word for word; what ends it; what mends it.
//! 2. [The protocol](protocol): what stands in a datagram, and what is done
//!    about it.
//! 3. [Sockets, seen from the outside](sockets): the system calls, and what UDP
//!    does not promise.
//! 4. [For teachers](teachers): a plan for ninety minutes, with forty laptops;
//!    the exercises.
//! 5. [中文讲义](zh): the whole in Chinese, shorter.

// A page links to the others by reference, and defines at its end where that
// leads among the files. `links.md` defines it for the docs: the first
// definition counts.

#[doc = concat!(include_str!("guide/links.md"), include_str!("guide/from-the-article.md"))]
pub mod from_the_article {}

#[doc = concat!(include_str!("guide/links.md"), include_str!("guide/protocol.md"))]
pub mod protocol {}

#[doc = concat!(include_str!("guide/links.md"), include_str!("guide/sockets.md"))]
pub mod sockets {}

#[doc = concat!(include_str!("guide/links.md"), include_str!("guide/teachers.md"))]
pub mod teachers {}

#[doc = concat!(include_str!("guide/links.md"), include_str!("guide/zh.md"))]
pub mod zh {}

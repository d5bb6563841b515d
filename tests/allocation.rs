//! A room in its stride allocates nothing: a chat line that needs no change is heard, and goes to
//! everybody else, without a byte from the heap, in a room of any size.
//!
//! The only test of its file, and so of its process: the counting allocator is everybody's. It
//! counts on the measuring thread alone. Nothing here is random, so that there is no seed.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};

use udp_group_chat::room::{Event, Room};
use udp_group_chat::wire::{MAX_DATAGRAM, MAX_MEMBERS};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, and how often a thread has asked it for memory.
struct Counting;

fn count() {
    // A thread that is ending has no counter any more, and is not the one that measures.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it is; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(of: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    of();
    ALLOCATIONS.get() - before
}

fn address(number: usize) -> SocketAddr {
    let port = 10_000 + u16::try_from(number).unwrap();
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn name(number: usize) -> String {
    format!("小{number}")
}

/// A member says something, as often as there are `lines`, and everybody else gets it.
fn talk(room: &mut Room, number: usize, lines: &[String]) {
    let from = address(number);
    for line in lines {
        let mut said = 0;
        for event in room.hear(from, line.as_bytes()) {
            assert!(matches!(event, Event::Said { .. }), "{event:?}");
            said += 1;
            for other in room.others(from) {
                black_box(other);
            }
        }
        assert_eq!(said, 1);
    }
}

/// What the member of this number says: a word, nothing, and as much as goes into a datagram.
fn lines(number: usize) -> [String; 3] {
    let head = name(number) + " : ";
    let longest = MAX_DATAGRAM - head.len();
    ["大家好".to_owned(), String::new(), "x".repeat(longest)].map(|text| head.clone() + &text)
}

fn check_talk(room: &mut Room, number: usize) {
    let lines = lines(number);
    let size = room.len();
    let allocations = allocations(|| talk(room, number, &lines));
    assert_eq!(allocations, 0, "for 3 lines in a room of {size}");
}

#[test]
fn a_chat_line_allocates_nothing_in_a_room_of_any_size() {
    let mut room = Room::new();
    for number in 0..MAX_MEMBERS {
        let joining = allocations(|| drop(room.hear(address(number), name(number).as_bytes())));
        assert_ne!(joining, 0, "a name is kept, and so counted");
        // Every size is tried, for a hash map grows at sizes of its own choice.
        for speaker in [number, 0] {
            check_talk(&mut room, speaker);
        }
    }
    assert_eq!(room.len(), MAX_MEMBERS);

    // Seats that change hands leave marks in a hash map, which it clears away at some time.
    for number in MAX_MEMBERS..MAX_MEMBERS + 1_000 {
        drop(room.hear(address(number), name(number).as_bytes()));
        check_talk(&mut room, number);
    }
    assert_eq!(room.len(), MAX_MEMBERS);
}

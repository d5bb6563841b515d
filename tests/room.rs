//! What the room remembers, by itself.

use std::net::SocketAddr;

use udp_group_chat::room::Room;

fn member(number: u16) -> SocketAddr {
    ([127, 0, 0, 1], 5000 + number).into()
}

#[test]
fn how_many_are_here() {
    let mut room = Room::new();
    assert!(room.is_empty());
    drop(room.hear(member(1), b"m1"));
    drop(room.hear(member(2), b"m2"));
    assert_eq!((room.len(), room.is_empty()), (2, false));
    drop(room.hear(member(1), b"exit"));
    drop(room.hear(member(2), b"exit"));
    assert_eq!((room.len(), room.is_empty()), (0, true));
}

/// Python's dictionary keeps the order in which its keys came, and so the article's server sends
/// in it.
#[test]
fn the_others_are_in_the_order_in_which_they_entered() {
    let mut room = Room::new();
    let others = |room: &Room, of: u16| -> Vec<u16> {
        let ports = room.others(member(of)).map(|other| other.port());
        ports.map(|port| port - 5000).collect()
    };
    for number in [7, 3, 9, 1, 5, 8, 2] {
        drop(room.hear(member(number), format!("m{number}").as_bytes()));
    }
    assert_eq!(others(&room, 4), [7, 3, 9, 1, 5, 8, 2]);
    assert_eq!(others(&room, 9), [7, 3, 1, 5, 8, 2]);

    drop(room.hear(member(3), b"m3 : a word does not change it"));
    drop(room.hear(member(9), b"m9 : exit"));
    assert_eq!(others(&room, 4), [7, 3, 1, 5, 8, 2]);
    drop(room.hear(member(9), b"m9 : I am back"));
    assert_eq!(others(&room, 4), [7, 3, 1, 5, 8, 2, 9]);
}

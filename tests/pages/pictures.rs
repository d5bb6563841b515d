//! The guide's pictures and its capture show what the programs send and print.

use std::collections::BTreeSet;
use std::fs;
use std::str::from_utf8;

use super::screens::{Terminal, receive, socket};
use super::{Block, Page, common::ports, path, read};
use udp_group_chat::protocol::{MAX_MEMBERS, MAX_PAYLOAD};

/// The pictures of the chat, each as a page with three screens.
pub fn chats() -> impl Iterator<Item = Page> {
    ["src/guide/chat.svg", "src/guide/zh/chat.svg"].into_iter().map(|name| {
        let mut page = Page { name: name.to_owned(), ..Page::default() };
        for (number, line) in (1..).zip(read(name).lines()) {
            if let Some(id) = line.trim().strip_prefix("<g id=\"") {
                let mark = id.replace("\">", "");
                let mark = format!("screen: picture-{mark}");
                page.blocks.push(Block { mark, ..Block::default() });
            } else if line.starts_with("    <text") {
                let line = line.replace("</tspan>", "⏎");
                let parts = line.split(['<', '>']).skip(2).step_by(2);
                let mut text: String = parts.collect();
                if text.starts_with('$') {
                    text = text.replace('⏎', "");
                }
                page.blocks.last_mut().unwrap().lines.push((number, text));
            }
        }
        page
    })
}

/// The texts of a picture, each after the attributes of its element.
fn texts(picture: &str) -> Vec<[String; 2]> {
    let picture = read(&format!("src/guide/{picture}"));
    let elements = picture.split("<text").skip(1);
    let texts = elements.map(|element| {
        let (attributes, text) = element.split_once('>').unwrap();
        [attributes, text.split('<').next().unwrap()].map(str::to_owned)
    });
    texts.collect()
}

/// The texts in a picture that have this attribute.
fn texts_with(picture: &str, attribute: &str) -> Vec<String> {
    let texts = texts(picture).into_iter();
    let texts = texts.filter(|[attributes, _]| attributes.contains(attribute));
    texts.map(|[_, text]| text).collect()
}

fn value<'a>(attributes: &'a str, name: &str) -> &'a str {
    let rest =
        attributes.split_once(&format!(" {name}=\"")).unwrap_or_default();
    rest.1.split('"').next().unwrap()
}

/// The picture's conversation, as sender, receiver and text. A is 小明, B is
/// 小红 and S is the server. A restart has no sender and receiver.
fn conversation() -> Vec<[String; 3]> {
    let steps = texts("conversation.svg").into_iter().map(|[a, text]| {
        let restart = value(&a, "id") == "conversation-restart";
        let [from, to] =
            ["data-from", "data-to"].map(|it| value(&a, it).into());
        (restart, [from, to, text])
    });
    let steps =
        steps.filter(|(restart, [from, ..])| *restart || !from.is_empty());
    steps.map(|(_, step)| step).collect()
}

/// The packets of the capture.
fn packets() -> Vec<Vec<u8>> {
    let file = fs::read(path("src/guide/conversation.pcap")).unwrap();
    let (mut packets, mut rest) = (vec![], &file[24..]);
    while let [_, _, _, _, _, _, _, _, low, high, _, _, ..] = rest {
        let size = usize::from(u16::from_le_bytes([*low, *high]));
        packets.push(rest[16..][..size].to_vec());
        rest = &rest[16 + size..];
    }
    packets
}

#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn the_capture_has_the_conversation_and_the_bytes_of_the_pictures() {
    let party = |port: &[u8]| match u16::from_be_bytes([port[0], port[1]]) {
        9999 => "S",
        41001 => "A",
        41002 => "B",
        other => panic!("expected: port 9999, 41001 or 41002, not {other}"),
    };
    let captured = packets().into_iter().map(|packet| {
        let (ip, udp) = packet.split_at(20);
        assert_eq!(ip[12..], [127, 0, 0, 1, 127, 0, 0, 1]);
        let text = from_utf8(&udp[8..]).unwrap();
        [party(&udp[..2]), party(&udp[2..4]), text].map(str::to_owned)
    });
    let mut conversation = conversation();
    conversation.retain(|[from, ..]| !from.is_empty()); // not the restart
    assert_eq!(captured.collect::<Vec<_>>(), conversation);

    let bytes = texts_with("datagram.svg", "class=\"byte\"").into_iter();
    let bytes = bytes.map(|byte| u8::from_str_radix(&byte, 16).unwrap());
    assert_eq!(bytes.collect::<Vec<_>>(), packets()[3]);
}

fn server_at(address: &str) -> Terminal {
    let mut server = Terminal::start("server", &[address], "");
    server.sees(1);
    server
}

#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn the_server_sends_what_the_conversation_shows() {
    let address = &*ports::unused_address().to_string();
    let mut server = server_at(address);
    let sockets = [socket(), socket()];
    for [from, to, text] in conversation() {
        let socket = &sockets[usize::from(from == "B" || to == "B")];
        if from.is_empty() {
            drop(server);
            server = server_at(address);
        } else if from == "S" {
            assert_eq!(receive(socket), text);
        } else {
            socket.send_to(text.as_bytes(), address).unwrap();
        }
    }
}

#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn the_server_decides_as_the_picture_does() {
    let said = &texts_with("decision.svg", "id=\"decision-said\"")[0];
    let mut outcomes = BTreeSet::new();
    for [attributes, text] in texts("decision.svg") {
        let outcome = value(&attributes, "data-outcome");
        if outcome.is_empty() {
            continue;
        }
        outcomes.insert(outcome.to_owned());
        let address = ports::unused_address().to_string();
        let mut server = server_at(&address);
        let sockets @ [hong, sender, last] = &[socket(), socket(), socket()];
        hong.send_to("小红".as_bytes(), &address).unwrap();
        if value(&attributes, "data-sender") == "member" {
            sender.send_to("小明".as_bytes(), &address).unwrap();
            assert_eq!(receive(hong), "小明 进入聊天室...");
        }
        let payload = match text.split_once(" × ") {
            Some((a, times)) => a.repeat(times.parse().unwrap()).into_bytes(),
            None if text == "0xff" => vec![0xff],
            None => text.clone().into_bytes(),
        };
        sender.send_to(&payload, &address).unwrap();
        last.send_to(b"last", &address).unwrap();
        let (_, line) = text.split_once(" : ").unwrap_or_default();
        let copies = match outcome {
            "join" if line.is_empty() => vec!["小明 进入聊天室..."],
            "join" => vec!["小明 进入聊天室...", &text],
            "leave" => vec!["小明 离开了聊天室..."],
            "say" if text.starts_with("小红") => vec![&**said],
            "say" => vec![&*text],
            _ => vec![], // "drop" and "ignore"
        };
        for copy in copies.into_iter().chain(["last 进入聊天室..."]) {
            assert_eq!(receive(hong), copy, "{outcome}: {text}");
        }
        let [_, from, last] =
            sockets.each_ref().map(|it| it.local_addr().unwrap());
        let joined = format!("last joined from {last}\n");
        server.wait_until(&joined, |log| log.contains(&joined));
        let is_dropped = server.shown().contains(&format!("from {from}: "));
        assert_eq!(is_dropped, outcome == "drop", "{outcome}: {text}");
    }
    assert_eq!(outcomes.len(), 5, "{outcomes:?}");
}

#[test]
#[ignore = "compares the pages with the sources: \
            cargo test --test pages -- --ignored"]
fn other_pictures_have_the_programs_texts_and_limits() {
    let unused = ports::unused_address().to_string();
    let mut client = Terminal::start("client", &[&unused, "小明"], "");
    let line = &texts_with("error-slot.svg", "id=\"error-slot-line\"")[0];
    let line = line.replace("127.0.0.1:9999", &unused);
    client.wait_until(&line, |shown| shown.contains(&format!("{line}\n")));

    let line = &texts_with("forged-address.svg", "\"forged-address-out\"")[0];
    let line = line.replace(',', "");
    let numbers = line.split(' ').filter_map(|word| word.parse().ok());
    let [copies, size] = [MAX_MEMBERS - 1, MAX_PAYLOAD];
    assert_eq!(numbers.collect::<Vec<usize>>(), [copies, size, copies * size]);
}

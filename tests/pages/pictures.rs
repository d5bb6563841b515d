//! The guide's pictures and its capture show what the programs send and print.

use std::fs;
use std::str::from_utf8;

use super::common::{Peer, Program, Server, ports};
use super::{all_between, path, read};
use udp_group_chat::protocol::{MAX_MEMBERS, MAX_PAYLOAD};

/// The terminals in the picture of the chat, as screens of a page.
pub fn chat() -> String {
    let picture = read("src/guide/chat.svg");
    let terminals = picture.split("<g id=\"").skip(1).map(|terminal| {
        let (id, rest) = terminal.split_once('"').unwrap();
        let terminal = rest.split("</g>").next().unwrap();
        let lines = all_between(terminal, "<text", "</text>").into_iter();
        let texts = lines.map(|line| {
            line.split(['<', '>']).skip(1).step_by(2).collect::<String>()
        });
        let screen = texts.collect::<Vec<_>>().join("\n");
        format!("<!-- screen: picture-{id} -->\n```text\n{screen}\n```\n")
    });
    terminals.collect()
}

/// A picture as a URI, because rustdoc copies no files.
pub fn data_uri(picture: &str) -> String {
    let encoded = picture.bytes().map(|byte| match char::from(byte) {
        c if c.is_ascii_alphanumeric() || "=/.".contains(c) => c.to_string(),
        _ => format!("%{byte:02X}"),
    });
    format!("data:image/svg+xml,{}", encoded.collect::<String>())
}

/// The texts of a picture, each after the attributes of its element.
fn texts(picture: &str) -> Vec<[String; 2]> {
    let picture = read(&format!("src/guide/{picture}"));
    let elements = all_between(&picture, "<text", "</text>").into_iter();
    let texts = elements.filter_map(|element| element.split_once('>'));
    texts.map(|(a, text)| [a.to_owned(), text.to_owned()]).collect()
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = attributes.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// The texts in a picture that have this attribute with this value.
fn texts_with(picture: &str, name: &str, value: &str) -> Vec<String> {
    let texts = texts(picture).into_iter();
    let texts = texts.filter(|[a, _]| attribute(a, name) == Some(value));
    texts.map(|[_, text]| text).collect()
}

/// The picture's conversation, for example `A to S: 小明`. A is 小明, B is 小红
/// and S is the server.
fn conversation() -> Vec<String> {
    let step = |[attributes, text]: [String; 2]| {
        if attribute(&attributes, "id") == Some("conversation-restart") {
            return Some("restart".to_owned());
        }
        let from = attribute(&attributes, "data-from")?;
        let to = attribute(&attributes, "data-to")?;
        Some(format!("{from} to {to}: {text}"))
    };
    texts("conversation.svg").into_iter().filter_map(step).collect()
}

/// The packets of the capture.
fn packets() -> Vec<Vec<u8>> {
    let file = fs::read(path("src/guide/conversation.pcap")).unwrap();
    let number = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    };
    let [magic, link] = [0, 20].map(|at| number(&file, at));
    assert_eq!(magic, 0xa1b2_c3d4, "pcap, in microseconds");
    assert_eq!(link, 101, "a packet begins with its IP header");
    let (mut packets, mut rest) = (Vec::new(), &file[24..]);
    while !rest.is_empty() {
        let [captured, sent] = [8, 12].map(|at| number(rest, at) as usize);
        assert_eq!(captured, sent, "a packet is there as a whole");
        packets.push(rest[16..][..sent].to_vec());
        rest = &rest[16 + sent..];
    }
    packets
}

/// Adds 16-bit words as IP and UDP do for their checksums (RFC 1071). If the
/// checksum among them is right, the sum is 0xffff.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).fold(0, |sum, word| {
        let low = word.get(1).copied().unwrap_or(0);
        let sum = sum + u32::from(u16::from_be_bytes([word[0], low]));
        (sum & 0xffff) + (sum >> 16)
    })
}

#[test]
fn the_capture_has_the_conversation_of_the_picture_and_right_checksums() {
    let party = |port: &[u8]| match u16::from_be_bytes([port[0], port[1]]) {
        41001 => 'A',
        41002 => 'B',
        9999 => 'S',
        other => panic!("expected: port 9999, 41001 or 41002, not {other}"),
    };
    let captured = packets().into_iter().map(|packet| {
        let (ip, udp) = packet.split_at(20);
        assert_eq!(ip[12..], [127, 0, 0, 1, 127, 0, 0, 1]);
        assert_eq!(sum(ip), 0xffff);
        let length = [0, 17, udp[4], udp[5]]; // 17: UDP
        assert_eq!(sum(&[&ip[12..], &length, udp].concat()), 0xffff);
        let [from, to] = [party(&udp[..2]), party(&udp[2..4])];
        format!("{from} to {to}: {}", from_utf8(&udp[8..]).unwrap())
    });
    let mut conversation = conversation();
    conversation.retain(|step| step != "restart"); // sends nothing
    assert_eq!(captured.collect::<Vec<_>>(), conversation);
}

#[test]
fn the_server_sends_what_the_picture_shows() {
    let mut server = Server::start_at(&ports::unused_address().to_string());
    let address = server.address;
    let [ming, hong] = [(); 2].map(|()| Peer::stranger_to(address));
    for step in conversation() {
        match step.split_once(": ") {
            Some(("A to S", text)) => ming.sends(text),
            Some(("B to S", text)) => hong.sends(text),
            Some(("S to A", text)) => ming.expect(text),
            Some(("S to B", text)) => hong.expect(text),
            _ => {
                server.program.kill();
                server = Server::start_at(&address.to_string());
            }
        }
    }
    server.expect_nothing_more_to(&[&ming, &hong]);
}

#[test]
fn the_clients_send_what_the_picture_shows() {
    for (party, name) in [("A to S: ", "小明"), ("B to S: ", "小红")] {
        let server = Peer::as_server();
        let mut client = Program::client(server.address(), name);
        for step in conversation() {
            let Some(datagram) = step.strip_prefix(party) else { continue };
            if let Some((_, line)) = datagram.split_once(" : ") {
                client.types(line);
            }
            server.expect(datagram);
        }
    }
}

#[test]
fn the_bytes_in_the_picture_are_those_of_the_fourth_packet() {
    let bytes = texts_with("datagram.svg", "class", "byte").into_iter();
    let bytes = bytes.map(|byte| u8::from_str_radix(&byte, 16).unwrap());
    assert_eq!(bytes.collect::<Vec<_>>(), packets()[3]);
}

#[test]
#[cfg(target_os = "linux")] // the text of the error is the system's
fn the_client_prints_the_error_of_the_picture() {
    let unused = ports::unused_address();
    let mut client = Program::client(unused, "小明");
    let line = &texts_with("error-slot.svg", "id", "error-slot-line")[0];
    let line = line.replace("127.0.0.1:9999", &unused.to_string());
    client.stderr.expect_line(&line);
}

#[test]
fn a_full_room_of_forged_members_gets_a_megabyte() {
    let line = &texts_with("forged-address.svg", "id", "forged-address-out")[0];
    let words = line.replace(',', "");
    let numbers = words.split(' ').filter_map(|word| word.parse().ok());
    let [copies, size] = [MAX_MEMBERS - 1, MAX_PAYLOAD];
    assert_eq!(numbers.collect::<Vec<usize>>(), [copies, size, copies * size]);
}

#[test]
fn the_server_decides_as_the_picture_does() {
    let mut examples = 0;
    let said = &texts_with("decision.svg", "id", "decision-said")[0];
    for [attributes, text] in texts("decision.svg") {
        let Some(outcome) = attribute(&attributes, "data-outcome") else {
            continue;
        };
        let mut server = Server::start();
        let hong = Peer::joined(&mut server, "小红");
        let sender = Peer::stranger_to(server.address);
        if attribute(&attributes, "data-sender") == Some("member") {
            sender.sends("小明");
            hong.expect("小明 进入聊天室...");
        }
        match text.split_once(" × ") {
            Some((a, times)) => sender.sends(a.repeat(times.parse().unwrap())),
            None if text == "0xff" => sender.sends(b"\xff"),
            None => sender.sends(&text),
        }
        if outcome == "drop" {
            server.read_warning_about(&sender);
        }
        let copies = match outcome {
            "join" if text == "小明" => vec!["小明 进入聊天室..."],
            "join" => vec!["小明 进入聊天室...", &text],
            "leave" => vec!["小明 离开了聊天室..."],
            "say" if text.starts_with("小红") => vec![&**said],
            "say" => vec![&*text],
            _ => vec![], // "drop" and "ignore"
        };
        copies.iter().for_each(|copy| hong.expect(copy));
        server.expect_nothing_more_to(&[&hong]);
        examples += 1;
    }
    assert_eq!(examples, 11);
}

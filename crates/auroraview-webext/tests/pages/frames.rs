//! Frames and their attachments, both ways.

use crate::stand::{Stand, next, send, text, until};

crate::tests![
    texts_arrive_as_they_were_sent,
    long_texts_are_decoded_by_the_page,
    half_of_a_surrogate_pair_is_no_text,
    attachments_of_all_sizes_arrive_both_ways,
    parts_of_buffers_are_sent_as_the_parts_they_are,
    arrays_that_were_sent_or_received_can_still_be_transferred,
    a_kept_array_is_filled_in_place,
    attachments_are_read_only_while_they_are_received,
    promises_of_a_receiver_go_on_at_once,
    what_was_sent_before_a_script_is_received_before_it,
    a_receiver_that_took_its_time_leaves_the_order_as_it_is,
    frames_of_other_documents_are_dropped,
    a_page_that_sends_without_being_read_is_told_and_bounded,
    a_page_that_receives_without_end_still_has_its_timers,
    a_receiver_that_throws_does_not_stop_the_lane,
];

fn texts_arrive_as_they_were_sent() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open((text) => { lane.post(text); })");
    let long = "ü€𝄞x".repeat(100_000);
    for words in ["a", "{\"v\":1}", "Zwölf ☃ 𝄞", &long] {
        send(&lane, words, &[]);
        assert!(text(&lane) == words, "{} bytes", words.len());
    }
}

fn long_texts_are_decoded_by_the_page() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "const decoder = new TextDecoder();
         let decoded = 0;
         const decode = (utf8) => {
             decoded += 1;
             if (decoded === 2) throw new Error('no');
             return decoder.decode(utf8);
         };
         lane.open('document-0000001', (text) => { lane.post(text); }, () => {}, decode)",
    );
    let long = "ü€𝄞x".repeat(100_000);
    for words in ["short", &long, &long, &long] {
        send(&lane, words, &[]);
        assert!(text(&lane) == words, "{} bytes", words.len());
    }
    assert_eq!(stand.eval("decoded"), "3");
}

fn half_of_a_surrogate_pair_is_no_text() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    let post =
        "(() => { try { lane.post('x\\ud800'); } catch (error) { return error.message; } })()";
    assert_eq!(stand.eval(post), "expected a string");
    assert_eq!(stand.eval("lane.post('x\\ud834\\udd1e')"), "true");
    next(&lane).unwrap();
    assert_eq!(text(&lane), "x𝄞");
}

fn attachments_of_all_sizes_arrive_both_ways() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "open((text, count) => {
            const arrays = [];
            for (let index = 0; index < count; index += 1) arrays.push(lane.read(index));
            lane.post(text + arrays.every((array) => array instanceof Uint8Array), arrays);
        })",
    );
    next(&lane).unwrap();
    let bytes =
        |length: usize| -> Vec<u8> { (0..length).map(|at| (at * 7 + at / 251) as u8).collect() };
    for sizes in [
        &[0][..],
        &[1, 0, 3],
        &[1000, 65_000],
        &[262_143, 262_144, 262_145],
        &[5_000_000, 7],
        &[20_000_000],
    ] {
        let sent: Vec<Vec<u8>> = sizes.iter().map(|&length| bytes(length)).collect();
        let lent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
        send(&lane, "arrays ", &lent);
        let came = next(&lane).unwrap();
        assert_eq!(came.text, "arrays true");
        assert!(came.attachments == sent, "{sizes:?}");
    }
}

fn parts_of_buffers_are_sent_as_the_parts_they_are() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    next(&lane).unwrap();
    stand.eval(
        "const buffer = Uint8Array.from({ length: 600000 }, (_, at) => at % 256).buffer;
         lane.post('parts', [new Uint8Array(buffer, 10, 5), new Uint8Array(buffer, 256, 500000), new Uint8Array(buffer, 7, 0)])",
    );
    let came = next(&lane).unwrap();
    assert_eq!(came.attachments[0], [10, 11, 12, 13, 14]);
    let whole: Vec<u8> = (0..500_000).map(|at| at as u8).collect();
    assert!(came.attachments[1] == whole);
    assert_eq!(came.attachments[2], []);
}

fn arrays_that_were_sent_or_received_can_still_be_transferred() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "const sent = new Uint8Array(1000);
         open((text) => {
             const read = lane.read(0), kept = new Uint8Array(4);
             lane.readInto(0, kept);
             const moved = [sent, read, kept].map((array) => structuredClone(array, { transfer: [array.buffer] }));
             lane.post([sent, read, kept, ...moved].map((array) => array.length).join());
         })",
    );
    next(&lane).unwrap();
    stand.eval("lane.post('sent', [sent])");
    assert_eq!(text(&lane), "sent");
    send(&lane, "x", &[&[1, 2, 3, 4]]);
    assert_eq!(text(&lane), "0,0,0,1000,4,4");
}

fn a_kept_array_is_filled_in_place() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "const kept = new Uint8Array(300000), view = new Uint8Array(kept.buffer, 4, 3);
         open((text) => { lane.post([lane.readInto(0, kept), lane.readInto(0, view), kept[0], kept[4], kept[299999]].join()); })",
    );
    next(&lane).unwrap();
    send(&lane, "x", &[&vec![9; 300_000]]);
    assert_eq!(text(&lane), "true,false,9,9,9");
    send(&lane, "x", &[&[5, 6, 7]]);
    assert_eq!(text(&lane), "false,true,9,5,9");
}

fn attachments_are_read_only_while_they_are_received() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "const tried = (index) => { try { return lane.read(index).length; } catch (error) { return error.message; } };
         open((text) => { lane.post([tried(0), tried(1), tried(0.5)].join()); setTimeout(() => lane.post(tried(0))); })",
    );
    next(&lane).unwrap();
    send(&lane, "x", &[&[5, 6, 7]]);
    assert_eq!(
        text(&lane),
        "3,the message has no such attachment,the message has no such attachment"
    );
    assert_eq!(
        text(&lane),
        "attachments are read while their message is received"
    );
}

fn promises_of_a_receiver_go_on_at_once() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "let resolve;
         open(() => { resolve(performance.now()); });
         const sleeper = async () => {
             for (;;) {
                 await new Promise((done) => { resolve = done; });
                 await null;
                 await null;
                 lane.post('after');
             }
         };
         sleeper(); 0",
    );
    next(&lane).unwrap();
    for _ in 0..100 {
        send(&lane, "x", &[]);
        assert_eq!(text(&lane), "after");
    }
}

fn what_was_sent_before_a_script_is_received_before_it() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    for round in 0..300 {
        send(&lane, &round.to_string(), &[]);
        assert_eq!(stand.eval("got[got.length - 1]"), round.to_string());
    }
}

fn a_receiver_that_took_its_time_leaves_the_order_as_it_is() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open((text) => { got.push(text); for (const end = performance.now() + 20; text === 'slow' && performance.now() < end;); })");
    for round in 0..30 {
        send(&lane, "slow", &[]);
        stand.becomes("got[got.length - 1]", "slow");
        send(&lane, &round.to_string(), &[]);
        assert_eq!(stand.eval("got[got.length - 1]"), round.to_string());
    }
}

fn frames_of_other_documents_are_dropped() {
    let stand = Stand::with("");
    let lane = stand.lane();
    send(&lane, "before it is open", &[]);
    stand.eval("open()");
    let other = auroraview_lane::DocumentId::parse("document-0000002").unwrap();
    lane.send(auroraview_lane::Kind::Frame, other, 0, "not for it", &[])
        .unwrap();
    send(&lane, "for it", &[]);
    stand.becomes("got.join()", "for it");
    stand.eval("lane.close()");
    send(&lane, "after it was closed", &[]);
    stand.eval("open()");
    send(&lane, "open again", &[]);
    stand.becomes("got.join()", "for it,open again");
}

fn a_page_that_sends_without_being_read_is_told_and_bounded() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    stand.eval(
        "const piece = 'x'.repeat(1000000); let taken = 0, room = true;
         while (room) { room = lane.post(piece); taken += 1; }
         let problem = '';
         try { for (;;) { lane.post(piece); taken += 1; } } catch (error) { problem = error.message; }",
    );
    assert_eq!(
        stand.eval("lane.full() + ' ' + problem"),
        "true too many bytes wait for the other end of the lane"
    );
    let taken: usize = stand.eval("taken").parse().unwrap();
    assert!((16..100).contains(&taken), "{taken}");
    next(&lane).unwrap();
    for _ in 0..taken {
        assert_eq!(text(&lane).len(), 1_000_000);
    }
    stand.becomes("lane.full()", "false");
    assert_eq!(stand.eval("lane.post('on')"), "true");
    assert_eq!(text(&lane), "on");
}

fn a_page_that_receives_without_end_still_has_its_timers() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "let received = 0, ticks = 0, drawn = 0;
         open(() => { received += 1; const end = performance.now() + 1; while (performance.now() < end); });
         setInterval(() => { ticks += 1; }, 10);
         const draw = () => { drawn += 1; requestAnimationFrame(draw); }; draw(); 0",
    );
    let before = stand.eval("received");
    // More than it can take: each costs it a millisecond.
    until("ticks under load", || {
        for _ in 0..50 {
            if lane
                .send(
                    auroraview_lane::Kind::Frame,
                    crate::stand::document(),
                    0,
                    "x",
                    &[],
                )
                .is_err()
                || lane.is_full()
            {
                break;
            }
        }
        let _ = lane.flush();
        let values = stand.eval("[received > 500, ticks > 20, drawn > 5].join()");
        values == "true,true,true"
    });
    assert_eq!(before, "0");
}

fn a_receiver_that_throws_does_not_stop_the_lane() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open((text) => { lane.post(text); throw new Error('on purpose'); })");
    next(&lane).unwrap();
    for words in ["one", "two"] {
        send(&lane, words, &[]);
        assert_eq!(text(&lane), words);
    }
}

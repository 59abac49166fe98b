//! Pages that do what no bridge would, at the worst moments: they may hurt themselves, and nothing else.

use auroraview_lane::{Data, Kind};

use webkit2gtk::WebViewExt;

use crate::stand::{Stand, document, next, send, text};

crate::tests![
    getters_run_while_arguments_are_looked_at,
    arrays_lose_their_bytes_before_they_are_sent,
    a_receiver_changes_everything_while_it_runs,
    a_receiver_leaves_while_it_runs,
    typed_arrays_are_tampered_with,
    a_page_that_comes_back_tampers_with_them,
    calls_without_end_inside_of_calls_end,
];

fn getters_run_while_arguments_are_looked_at() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "open();
         const meddling = (meddle) => Object.defineProperty([], 0, { get() { meddle(); return new Uint8Array([7]); } });
         const tried = (body) => { try { return String(body()); } catch (error) { return error.message; } };
         const results = [
             tried(() => lane.post('closed meanwhile', meddling(() => lane.close()))),
             tried(() => { open(); return lane.post('outer', meddling(() => lane.post('inner', meddling(() => gc())))); }),
             tried(() => lane.callSync('x', meddling(() => lane.callSync('y', undefined, 5, () => {})), 5, () => {})),
             tried(() => lane.post('endless', Object.defineProperty([], 'length', { value: 4294967295 }))),
             tried(() => lane.post('proxy', new Proxy([], {}))),
         ];
         function gc() { for (let round = 0; round < 50; round += 1) new Uint8Array(1000000); }",
    );
    assert_eq!(
        stand.eval("results.join('; ')"),
        "the lane is lost; true; 1; these are too many attachments; expected an array of Uint8Array"
    );
    assert_eq!(text(&lane), "inner");
    let outer = next(&lane).unwrap();
    assert_eq!(
        (outer.text.as_str(), &outer.attachments[0][..]),
        ("outer", &[7][..])
    );
}

fn arrays_lose_their_bytes_before_they_are_sent() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "open();
         const first = new Uint8Array(400000).fill(1);
         const list = [first];
         Object.defineProperty(list, 1, { get() { first.buffer.transfer?.() ?? structuredClone(first, { transfer: [first.buffer] }); return new Uint8Array([2]); } });
         const detached = new Uint8Array(8); structuredClone(detached, { transfer: [detached.buffer] });
         lane.post('x', list); lane.post('y', [detached])",
    );
    next(&lane).unwrap();
    let came = next(&lane).unwrap();
    assert!(came.attachments[0].iter().all(|&byte| byte == 0));
    assert_eq!(came.attachments[0].len(), 400_000);
    assert_eq!(came.attachments[1], [2]);
    assert_eq!(next(&lane).unwrap().attachments, [vec![]]);
}

fn a_receiver_changes_everything_while_it_runs() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "open((text, count) => {
             const target = new Uint8Array(3);
             structuredClone(target, { transfer: [target.buffer] });
             let shrunk = 'no';
             try { lane.readInto(0, target); } catch (error) { shrunk = error.name; }
             lane.close();
             const late = (() => { try { return lane.read(0).length; } catch (error) { return error.message; } })();
             open((text) => { lane.post('second ' + text); });
             lane.post([text, count, shrunk, late, lane.read(0)[2]].join());
         }); 0",
    );
    next(&lane).unwrap();
    send(&lane, "one", &[&[1, 2, 3]]);
    send(&lane, "two", &[]);
    assert_eq!(text(&lane), "one,1,no,3,3");
    assert_eq!(text(&lane), "second two");
}

fn a_receiver_leaves_while_it_runs() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open((text) => { location.href = 'test://page/next'; lane.post('leaving ' + lane.read(0).length); }); 0");
    stand.serve(
        "test://page/next",
        "<script>open((text) => { lane.post('there ' + text); })</script>",
    );
    for _ in 0..20 {
        send(&lane, "x", &[&[1]]);
    }
    assert_eq!(text(&lane), "leaving 1");
    stand.loaded("test://page/next");
    send(&lane, "new", &[&[1]]);
    loop {
        let words = text(&lane);
        if words == "there new" {
            break;
        }
        assert!(words == "leaving 1" || words == "there x", "{words}");
    }
}

fn typed_arrays_are_tampered_with() {
    let stand = Stand::with(
        "<script>
         const proto = Object.getPrototypeOf(Uint8Array.prototype);
         for (const name of ['set', 'subarray', 'slice']) proto[name] = () => { throw new Error('tampered'); };
         Object.defineProperty(proto, 'length', { get: () => 1e9 });
         Object.defineProperty(proto, 'byteLength', { get: () => 1e9 });
         Array.prototype[Symbol.iterator] = () => { throw new Error('tampered'); };
         window.TypeError = class { constructor() { throw 1; } };
         window.Uint8Array = undefined;
         </script>",
    );
    let lane = stand.lane();
    stand.eval(
        "const same = new (Object.getPrototypeOf(new TextEncoder().encode('x')).constructor)(3);
         open(() => { lane.readInto(0, same); lane.post('back', [lane.read(0), same]); }); 0",
    );
    next(&lane).unwrap();
    send(&lane, "x", &[&[1, 2, 3]]);
    assert_eq!(next(&lane).unwrap().attachments, [[1, 2, 3], [1, 2, 3]]);
    let wrong = "(() => { try { lane.post(1); } catch (error) { return String(error); } })()";
    assert_eq!(stand.eval(wrong), "expected a string");
}

fn a_page_that_comes_back_tampers_with_them() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval(
        "open();
         const proto = Object.getPrototypeOf(Uint8Array.prototype), { set } = proto;
         proto.set = function (...given) { lane.post('in the midst'); return set.apply(this, given); };
         onpageshow = (event) => { window.back = event.persisted; }; 0",
    );
    next(&lane).unwrap();
    stand.load("test://page/next", "");
    stand.view.go_back();
    stand.loaded("test://page/");
    stand.becomes("window.back", "true");
    stand.begin("open((text) => { lane.post(text, [lane.read(0)]); }); 0");
    next(&lane).unwrap();
    send(&lane, "back", &[&[1, 2, 3]]);
    let came = next(&lane).unwrap();
    assert_eq!(
        (came.text.as_str(), &came.attachments[0][..]),
        ("back", &[1, 2, 3][..])
    );
}

fn calls_without_end_inside_of_calls_end() {
    let stand = Stand::with("");
    let lane = stand.lane();
    stand.eval("open()");
    stand.begin(
        "let depth = 0, deepest = 0;
         const again = () => { depth += 1; deepest = Math.max(deepest, depth);
             try { lane.callSync('x', undefined, 2000, again); } finally { depth -= 1; } };
         try { again(); } catch {}
         lane.post('deepest ' + (deepest > 3)); 0",
    );
    let mut calls = 0;
    loop {
        let came = next(&lane).unwrap();
        match came.kind {
            Kind::SyncCall if calls < 200 => {
                calls += 1;
                let none: &[Data<'_>] = &[];
                lane.send(Kind::SyncAnswer, document(), came.number, "", none)
                    .unwrap();
            }
            Kind::Frame if !came.text.is_empty() => break assert_eq!(came.text, "deepest true"),
            _ => (),
        }
    }
}

//! Messages of topicsync clients, as text and in binary.

/// Whatever comes is read or refused; what is read twice is the same.
pub(crate) fn messages(input: &[u8]) {
    let first = kith_gateway_topicsync::fuzz::read(input);
    assert_eq!(kith_gateway_topicsync::fuzz::read(input), first);
}

pub(crate) fn message_seeds() -> Vec<Vec<u8>> {
    let action = r#"{"type":"action","args":{"commands":[{"topic_name":"s","topic_type":"string","type":"insert","topic_version":"s_init","position":1,"insertion":"x","result_topic_version":"1_1","id":"1_2"}],"action_id":"1_3"}}"#;
    let texts = [
        r#"{"type":"subscribe","args":{"topic_names":["a","_topicsync/topic_list"]}}"#,
        r#"{"type":"unsubscribe","args":{"topic_name":"a"}}"#,
        action,
    ];
    // {"type": "unsubscribe", "args": {"topic_name": "n"}} as BSON.
    let bson = b"\x3e\0\0\0\x02type\0\x0c\0\0\0unsubscribe\0\x03args\0\x1b\0\0\0\x02topic_name\0\x02\0\0\0n\0\0\0";
    let texts = texts.into_iter().map(|text| text.as_bytes().to_vec());
    texts.chain([bson.to_vec()]).collect()
}

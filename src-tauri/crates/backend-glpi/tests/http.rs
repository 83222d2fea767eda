//! The transport over a real socket: what leaves, what is never followed, and what a failure says of delivery.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use bytes::Bytes;
use guichet_backend::Delivery;
use guichet_backend_glpi::{
    HttpTransport,
    transport::{ApiBody, ApiRequest, Transport},
};
use http::{HeaderMap, HeaderValue, Method};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Answers each connection with the same bytes, then closes it; what it was asked comes back.
async fn serve(answer: &'static str, connections: usize) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/glpi", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut asked = Vec::new();
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let got = stream.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..got]);
                let text = String::from_utf8_lossy(&request);
                let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                    let length = head
                        .lines()
                        .find_map(|line| {
                            line.to_ascii_lowercase()
                                .strip_prefix("content-length: ")
                                .map(str::to_owned)
                        })
                        .map_or(0, |length| length.parse::<usize>().unwrap());
                    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
                    if chunked {
                        body.ends_with("0\r\n\r\n")
                    } else {
                        body.len() >= length
                    }
                });
                if got == 0 || whole {
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            asked.push(String::from_utf8_lossy(&request).into_owned());
        }
        asked
    });
    (url, served)
}

fn request(method: Method, path: &str, body: ApiBody) -> ApiRequest {
    let mut headers = HeaderMap::new();
    headers.insert("session-token", HeaderValue::from_static("s"));
    ApiRequest {
        method,
        path: path.to_owned(),
        query: Vec::new(),
        headers,
        body,
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\ntrue";

#[tokio::test]
async fn path_and_query_are_encoded_below_the_api_s_root() {
    let (url, served) = serve(OK, 1).await;
    let mut call = request(Method::GET, "Glpi\\CustomAsset\\TabletAsset/4", ApiBody::Empty);
    call.query = vec![("add_keys_names[]".to_owned(), "états & co".to_owned())];
    let reply = HttpTransport::new(&url).unwrap().execute(call).await.unwrap();
    assert_eq!((reply.status, reply.body.as_ref()), (200, b"true".as_slice()));
    let asked = served.await.unwrap().remove(0);
    let line = asked.lines().next().unwrap();
    assert_eq!(
        line,
        "GET /glpi/apirest.php/Glpi%5CCustomAsset%5CTabletAsset/4?add_keys_names%5B%5D=%C3%A9tats+%26+co HTTP/1.1"
    );
    assert!(asked.to_ascii_lowercase().contains("session-token: s"), "{asked}");
}

#[tokio::test]
async fn a_redirect_comes_back_as_it_is() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let (url, served) = serve(answer, 1).await;
    let body = ApiBody::Json(serde_json::json!({"input": {}}));
    let reply = HttpTransport::new(&url)
        .unwrap()
        .execute(request(Method::POST, "Ticket", body))
        .await
        .unwrap();
    assert_eq!(reply.status, 302);
    assert_eq!(served.await.unwrap().len(), 1, "asked once");
}

#[tokio::test]
async fn nobody_listening_means_that_nothing_was_sent() {
    let (url, served) = serve(OK, 0).await;
    served.await.unwrap();
    let error = HttpTransport::new(&url)
        .unwrap()
        .execute(request(Method::POST, "Ticket", ApiBody::Empty))
        .await;
    assert_eq!(error.unwrap_err().delivery, Delivery::NotSent);
    let nowhere = HttpTransport::new("http://guichet.invalid").unwrap();
    let error = nowhere
        .execute(request(Method::POST, "Ticket", ApiBody::Empty))
        .await
        .unwrap_err();
    assert_eq!(error.delivery, Delivery::NotSent, "{error:?}");
}

#[tokio::test]
async fn a_body_cut_or_a_connection_dropped_leaves_it_open_whether_it_was_applied() {
    for answer in [
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 40\r\n\r\n{\"id\":",
        "",
        "HTTP/1.1 2",
    ] {
        let (url, served) = serve(answer, 1).await;
        let body = ApiBody::Json(serde_json::json!({"input": {"name": "x"}}));
        let error = HttpTransport::new(&url)
            .unwrap()
            .execute(request(Method::POST, "Ticket", body))
            .await
            .unwrap_err();
        assert_eq!(error.delivery, Delivery::MaybeSent, "{answer:?}: {error:?}");
        assert_eq!(served.await.unwrap().len(), 1, "never repeated by itself");
    }
}

#[tokio::test]
async fn an_upload_is_glpi_s_multipart() {
    let (url, served) = serve(OK, 1).await;
    let body = ApiBody::Upload {
        manifest: serde_json::json!({"input": {"name": "n", "_filename": ["capture é.png"]}}),
        filename: "capture é.png".to_owned(),
        mime: "image/png".to_owned(),
        content: Bytes::from_static(b"PNG!"),
    };
    HttpTransport::new(&url)
        .unwrap()
        .execute(request(Method::POST, "Document", body))
        .await
        .unwrap();
    let asked = served.await.unwrap().remove(0);
    assert!(asked.contains("multipart/form-data; boundary="), "{asked}");
    assert!(
        asked.contains(r#"name="uploadManifest""#) && asked.contains(r#""_filename":["capture é.png"]"#),
        "{asked}"
    );
    let file = asked
        .split("filename[0]")
        .nth(1)
        .unwrap_or_else(|| panic!("no file part: {asked}"));
    assert!(file.contains("image/png") && file.contains("PNG!"), "{asked}");
    // The same name in the manifest and in the part's header, in plain UTF-8 as PHP reads it.
    assert!(file.contains("filename=\"capture é.png\""), "{asked}");
}

#[test]
fn an_address_that_is_none_is_refused_at_once() {
    assert!(HttpTransport::new("ftp://example.org").is_err());
    assert!(HttpTransport::new("https://me:secret@example.org").is_err());
}

//! Media kept in S3: a real server that checks signatures, and servers that are away.

#[cfg(test)]
mod s3_server;

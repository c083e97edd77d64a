package awsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"crmwho/internal/store"
)

// Bucket is a store.Store in an S3 bucket. A name is an object's key, a version
// its ETag. It takes up to 1024 bytes of printable text as a name and values up
// to 64 MB. Its lists are up to date.
//
// It needs s3:GetObject and s3:PutObject on the objects and s3:ListBucket on
// the bucket.
type Bucket struct {
	Client *s3.Client // its retry settings also say how often a conflict is tried again
	Name   string
}

const maxObject = 64 << 20

var errTooLarge = errors.New("value is larger than 64 MB")

// What S3 calls the reasons for which it refuses a conditional write. The last
// is its answer when a value that was to be unchanged has been deleted.
const (
	preconditionFailed = "PreconditionFailed"
	conflict           = "ConditionalRequestConflict"
	noSuchKey          = "NoSuchKey"
)

// Read implements store.Store.
func (b Bucket) Read(ctx context.Context, name string) (store.Value, error) {
	out, err := b.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Name, Key: &name})
	switch code(err) {
	case noSuchKey:
		return store.Value{}, store.ErrNotExist
	case "AccessDenied":
		return store.Value{}, fmt.Errorf("read object: not allowed, or there is none and s3:ListBucket is missing: %w", Failure(ctx, err))
	}
	if err != nil {
		return store.Value{}, fmt.Errorf("read object: %w", Failure(ctx, err))
	}
	defer out.Body.Close()
	data, err := io.ReadAll(io.LimitReader(out.Body, maxObject+1))
	if err == nil && len(data) > maxObject {
		err = errTooLarge
	}
	if err != nil {
		return store.Value{}, fmt.Errorf("read object: %w", Failure(ctx, err))
	}
	return store.Value{Data: data, Version: aws.ToString(out.ETag)}, nil
}

// WriteIfUnchanged implements store.Store.
func (b Bucket) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	switch {
	case len(data) == 0:
		return "", store.ErrEmpty
	case len(data) > maxObject:
		return "", fmt.Errorf("write object: %w", errTooLarge)
	}
	in := &s3.PutObjectInput{Bucket: &b.Name, Key: &name, Body: bytes.NewReader(data), IfMatch: &version}
	if version == store.Absent {
		in.IfMatch, in.IfNoneMatch = nil, aws.String("*")
	}
	out, err := b.Client.PutObject(ctx, in, retryConflicts)
	switch code(err) {
	case preconditionFailed, conflict, noSuchKey:
		return b.written(ctx, name, data)
	}
	if err != nil {
		return "", fmt.Errorf("write object: %w", Failure(ctx, err))
	}
	return aws.ToString(out.ETag), nil
}

// retryConflicts because S3 refuses a write that meets another one under way
// and asks to try again.
func retryConflicts(o *s3.Options) {
	o.Retryer = retry.AddWithErrorCodes(o.Retryer, conflict)
}

// written decides about a write that was refused. The SDK repeats a write whose
// answer was lost, and S3 refuses the repetition because of the write itself:
// where data is there, it was written.
func (b Bucket) written(ctx context.Context, name string, data []byte) (version string, err error) {
	value, err := b.Read(ctx, name)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotExist):
		return "", fmt.Errorf("write was refused: %w", err)
	case !bytes.Equal(value.Data, data):
		return "", store.ErrChanged
	default:
		return value.Version, nil
	}
}

// List implements store.Store.
func (b Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	pages := s3.NewListObjectsV2Paginator(b.Client, &s3.ListObjectsV2Input{Bucket: &b.Name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list objects: %w", Failure(ctx, err))
		}
		for _, object := range page.Contents {
			names = append(names, aws.ToString(object.Key))
		}
	}
	return names, nil // S3 lists in the order of bytes
}

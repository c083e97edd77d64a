// Package awsstore keeps values in AWS services.
package awsstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"crmwho/internal/store"
)

// Secrets is a store.Store in AWS Secrets Manager. A name is a secret's ARN or
// name, a version its VersionId. The secrets exist already: writing to one
// that does not gives store.ErrNotExist.
type Secrets struct {
	Client *secretsmanager.Client
}

// Read implements store.Store. Secrets Manager answers alike for a secret that
// does not exist and for one that was never filled.
func (s Secrets) Read(ctx context.Context, name string) (store.Value, error) {
	out, err := s.Client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return store.Value{}, store.ErrNotExist
	}
	if err != nil {
		return store.Value{}, fmt.Errorf("read secret: %w", err)
	}
	data := out.SecretBinary
	if out.SecretString != nil {
		data = []byte(*out.SecretString)
	}
	return store.Value{Data: data, Version: aws.ToString(out.VersionId)}, nil
}

// WriteIfUnchanged implements store.Store. Secrets Manager has no
// compare-and-set, but it refuses a second write with a ClientRequestToken
// that it has seen with other content. A token derived from the version that
// was read therefore lets one writer through. It knows nothing of versions
// that an operator writes by hand between the read and the write.
func (s Secrets) WriteIfUnchanged(ctx context.Context, name string, data []byte, version string) (string, error) {
	out, err := s.Client.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:           &name,
		SecretString:       aws.String(string(data)),
		ClientRequestToken: aws.String(successor(name, version)),
	})
	if _, ok := errors.AsType[*types.ResourceExistsException](err); ok {
		return "", store.ErrChanged
	}
	if _, ok := errors.AsType[*types.ResourceNotFoundException](err); ok {
		return "", store.ErrNotExist
	}
	if err != nil {
		return "", fmt.Errorf("write secret: %w", err)
	}
	return aws.ToString(out.VersionId), nil
}

// successor is the VersionId of the one write that may follow a version: 64
// characters, the most that a ClientRequestToken may have.
func successor(name, version string) string {
	sum := sha256.Sum256([]byte(name + "\n" + version))
	return hex.EncodeToString(sum[:])
}

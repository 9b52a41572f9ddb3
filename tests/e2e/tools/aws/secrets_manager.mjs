// SPDX-License-Identifier: Apache-2.0
//
// AWS's own client at work: each scenario fails by an assertion. Where it goes, and as whom, is in
// the environment, where AWS's tools look.
import assert from 'node:assert/strict';
import * as sdk from '@aws-sdk/client-secrets-manager';

const client = new sdk.SecretsManagerClient({ maxAttempts: Number(process.env.ATTEMPTS ?? 1) });
const call = (action, input) => client.send(new sdk[`${action}Command`](input));

// The call fails with the SDK's class for that error; answers its message.
async function refused(error, action, input) {
  try {
    await call(action, input);
  } catch (failure) {
    assert.equal(failure.name, error, failure.message);
    if (sdk[error]) assert.ok(failure instanceof sdk[error], 'the SDK knows it by its class');
    assert.match(failure.$metadata.requestId, /^[0-9a-f-]{36}$/);
    return failure.message;
  }
  assert.fail(`${action} was not refused`);
}

const token = (letter) => letter.repeat(36);

const scenarios = {
  async creates_and_reads() {
    const Tags = [{ Key: 'team', Value: 'ä' }];
    const made = await call('CreateSecret', { Name: 'a/b', SecretString: '{"a":1}', Tags });
    assert.match(made.ARN, /:secret:a\/b-[A-Za-z0-9]{6}$/);
    for (const SecretId of ['a/b', made.ARN, made.ARN.slice(0, -7)]) {
      const read = await call('GetSecretValue', { SecretId });
      assert.equal(read.SecretString, '{"a":1}');
      assert.equal(read.VersionId, made.VersionId);
      assert.deepEqual(read.VersionStages, ['AWSCURRENT']);
      assert.ok(Math.abs(read.CreatedDate - new Date()) < 60_000);
    }
    const seen = await call('DescribeSecret', { SecretId: 'a/b' });
    assert.deepEqual(seen.Tags, Tags);
    assert.deepEqual(seen.VersionIdsToStages, { [made.VersionId]: ['AWSCURRENT'] });
    assert.equal(seen.RotationEnabled, undefined);
    await call('CreateSecret', { Name: 'binary', SecretBinary: Buffer.from([0, 255]) });
    const binary = await call('GetSecretValue', { SecretId: 'binary' });
    assert.deepEqual([...binary.SecretBinary], [0, 255]);
    const { RandomPassword } = await call('GetRandomPassword', { ExcludeCharacters: '/@"\'\\' });
    assert.match(RandomPassword, /^[^/@"'\\]{32}$/);
  },

  async puts_versions() {
    const made = await call('CreateSecret', { Name: 's', SecretString: '1' });
    const put = { SecretId: 's', SecretString: '2', ClientRequestToken: token('b') };
    assert.deepEqual((await call('PutSecretValue', put)).VersionStages, ['AWSCURRENT']);
    assert.deepEqual((await call('PutSecretValue', put)).VersionId, token('b'));
    assert.match(
      await refused('ResourceExistsException', 'PutSecretValue', { ...put, SecretString: '3' }),
      /already in use for a version of secret arn:/,
    );
    const previous = await call('GetSecretValue', { SecretId: 's', VersionStage: 'AWSPREVIOUS' });
    assert.equal(previous.VersionId, made.VersionId);
    const listed = await call('ListSecretVersionIds', { SecretId: 's' });
    assert.equal(listed.Versions.length, 2);
    await call('UpdateSecret', { SecretId: 's', SecretString: '4', Description: 'd' });
    assert.equal((await call('DescribeSecret', { SecretId: 's' })).Description, 'd');
    assert.equal((await call('GetSecretValue', { SecretId: 's' })).SecretString, '4');
  },

  async moves_stages() {
    const SecretId = 's';
    const first = (await call('CreateSecret', { Name: SecretId, SecretString: '1' })).VersionId;
    const second = token('b');
    await call('PutSecretValue', {
      SecretId, SecretString: '2', ClientRequestToken: second, VersionStages: ['AWSPENDING'],
    });
    assert.equal((await call('GetSecretValue', { SecretId })).SecretString, '1');
    const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: second };
    assert.match(
      await refused('InvalidParameterException', 'UpdateSecretVersionStage', move),
      /RemoveFromVersionId can't be empty/,
    );
    await call('UpdateSecretVersionStage', { ...move, RemoveFromVersionId: first });
    assert.deepEqual((await call('DescribeSecret', { SecretId })).VersionIdsToStages, {
      [first]: ['AWSPREVIOUS'], [second]: ['AWSPENDING', 'AWSCURRENT'],
    });
    await call('UpdateSecretVersionStage', {
      SecretId, VersionStage: 'AWSPENDING', RemoveFromVersionId: second,
    });
    assert.match(
      await refused('ResourceNotFoundException', 'GetSecretValue', { SecretId, VersionStage: 'AWSPENDING' }),
      /for staging label: AWSPENDING/,
    );
  },

  async tags() {
    await call('CreateSecret', { Name: 's' });
    await call('TagResource', { SecretId: 's', Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '' }] });
    await call('UntagResource', { SecretId: 's', TagKeys: ['a', 'never there'] });
    assert.deepEqual((await call('DescribeSecret', { SecretId: 's' })).Tags, [{ Key: 'b', Value: '' }]);
    await refused('InvalidParameterException', 'TagResource', { SecretId: 's', Tags: [{ Key: 'aws:x', Value: '1' }] });
  },

  async deletes_and_restores() {
    const SecretId = 's';
    await call('CreateSecret', { Name: SecretId, SecretString: '1' });
    const gone = await call('DeleteSecret', { SecretId, RecoveryWindowInDays: 7 });
    assert.ok(Math.abs(gone.DeletionDate - Date.now() - 7 * 86_400_000) < 60_000);
    for (const action of ['GetSecretValue', 'PutSecretValue', 'TagResource', 'RotateSecret']) {
      const more = { PutSecretValue: { SecretString: '2' }, TagResource: { Tags: [] } }[action];
      assert.equal(
        await refused('InvalidRequestException', action, { SecretId, ...more }),
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    }
    assert.equal(
      await refused('InvalidRequestException', 'CreateSecret', { Name: SecretId, SecretString: '1' }),
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
    assert.ok((await call('DescribeSecret', { SecretId })).DeletedDate);
    await call('RestoreSecret', { SecretId });
    assert.equal((await call('GetSecretValue', { SecretId })).SecretString, '1');
    await call('DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true });
    await call('DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true });
    await refused('ResourceNotFoundException', 'DescribeSecret', { SecretId });
    await call('CreateSecret', { Name: SecretId, SecretString: '1' });
  },

  async rotates() {
    const SecretId = 's';
    await call('CreateSecret', { Name: SecretId, SecretString: '1' });
    assert.equal(
      await refused('InvalidRequestException', 'RotateSecret', { SecretId }),
      'No Lambda rotation function ARN is associated with this secret.',
    );
    const rotate = {
      SecretId,
      RotationLambdaARN: 'arn:aws:lambda:eu-central-1:123456789012:function:rotator',
      RotationRules: { AutomaticallyAfterDays: 30 },
    };
    const { VersionId } = await call('RotateSecret', rotate);
    const seen = await call('DescribeSecret', { SecretId });
    assert.equal(seen.RotationEnabled, true);
    assert.deepEqual(seen.RotationRules, { AutomaticallyAfterDays: 30 });
    assert.deepEqual(seen.VersionIdsToStages[VersionId], ['AWSPENDING']);
    await refused('ResourceNotFoundException', 'GetSecretValue', { SecretId, VersionStage: 'AWSPENDING' });
    await refused('InvalidRequestException', 'RotateSecret', rotate);
    await call('PutSecretValue', {
      SecretId, SecretString: '2', ClientRequestToken: VersionId, VersionStages: ['AWSPENDING'],
    });
    await call('CancelRotateSecret', { SecretId });
    assert.equal((await call('DescribeSecret', { SecretId })).RotationEnabled, false);
  },

  async meets_every_error() {
    const SecretId = 's';
    assert.equal(
      await refused('ResourceNotFoundException', 'GetSecretValue', { SecretId: 'nowhere' }),
      "Secrets Manager can't find the specified secret.",
    );
    await call('CreateSecret', { Name: SecretId, SecretString: '1' });
    assert.equal(
      await refused('ResourceExistsException', 'CreateSecret', { Name: SecretId, SecretString: '1' }),
      'The operation failed because the secret s already exists.',
    );
    await refused('ValidationException', 'CreateSecret', { Name: 'a name' });
    await refused('ValidationException', 'PutSecretValue', { SecretId, SecretString: 'x'.repeat(65537) });
    await refused('InvalidParameterException', 'PutSecretValue', { SecretId, SecretString: '1', ClientRequestToken: 'short' });
    await refused('InvalidRequestException', 'PutSecretValue', { SecretId });
    await refused('InvalidParameterException', 'DeleteSecret', { SecretId, RecoveryWindowInDays: 6 });
    await refused('InvalidParameterException', 'DeleteSecret', { SecretId, RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true });
    await refused('InvalidNextTokenException', 'ListSecretVersionIds', { SecretId, NextToken: 'x' });
  },

  // One call of which the caller has arranged the end: prints what the client makes of it.
  async reads_once() {
    try {
      console.log((await call('GetSecretValue', { SecretId: 's' })).SecretString);
    } catch (failure) {
      console.log(failure.name);
    }
  },
};

await scenarios[process.argv[2]]();
